"""Pages of a list that grows at its head: each begins after the last row of the one before.

A cursor names a row by its time and public id, so nothing that is added meanwhile shifts a page, and page 1,000
costs what page 1 does. It is text to hand back, not to read.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request

T = TypeVar("T", bound=Model)
SIZE, LARGEST = 100, 500
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Position:
    """The last row of a page."""

    at: datetime
    public_id: UUID


class CursorField(serializers.CharField):
    """A cursor of an earlier answer."""

    def to_internal_value(self, data: Any) -> Any:
        text = super().to_internal_value(data)[:_LONGEST]
        try:
            plain = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
            moment, _, public_id = plain.decode("ascii").partition(" ")
            written = datetime.fromisoformat(moment)
            # In UTC: PostgreSQL knows fewer zones than Python, and at the edges of the calendar none but this one.
            at = written.astimezone(UTC)
            position = Position(at, UUID(public_id))
        except (binascii.Error, ValueError, OverflowError) as error:
            raise serializers.ValidationError("Not a cursor of an earlier answer.") from error
        if written.utcoffset() is None or not 1 < at.year < 9999:
            raise serializers.ValidationError("Not a cursor of an earlier answer.")
        return position


class PageQuery(serializers.Serializer[Any]):
    """The parameters of every list."""

    cursor = CursorField(required=False, help_text=_("Where to go on: as it stands in `next`."))
    page_size = serializers.IntegerField(
        required=False, default=SIZE, min_value=1, max_value=LARGEST, help_text=_("How many entries each page has.")
    )


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, and where the next ones are: empty at the end."""

    rows: Sequence[T]
    next: str | None


def page(rows: QuerySet[T], request: Request, *, by: str, query: dict[str, Any]) -> Page[T]:
    """Cut one page out of the rows, newest first by the field `by` and the public id."""
    position: Position | None = query.get("cursor")
    if position is not None:
        # The first condition lets PostgreSQL start in the index; the second settles equal times.
        rows = rows.filter(Q(**{f"{by}__lte": position.at})).filter(
            Q(**{f"{by}__lt": position.at}) | Q(public_id__lt=position.public_id)
        )
    size = query["page_size"]
    found = list(rows.order_by(f"-{by}", "-public_id")[: size + 1])
    shown = found[:size]
    return Page(shown, _address(request, shown[-1], by) if len(found) > size else None)


def _address(request: Request, row: Any, by: str) -> str:
    plain = f"{getattr(row, by).isoformat()} {row.public_id}".encode("ascii")
    query = request.query_params.copy()
    query["cursor"] = base64.urlsafe_b64encode(plain).decode().rstrip("=")
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
