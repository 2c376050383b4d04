"""Paging by key: a page starts after the last row of the one before, so page 1,000 is as fast as page 1.

The position travels in the URL as `after` (towards older rows) or `before` (towards newer ones):
the row's sort value and its id. Lists are sorted newest first by (sort field, id).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from django.core.paginator import Page, Paginator
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

T = TypeVar("T", bound=Model)
PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class KeysetPage(Generic[T]):
    """One page of a list, and the URL queries of its neighbours (empty when there is none)."""

    rows: Sequence[T]
    newer: str = ""
    older: str = ""

    def __iter__(self) -> Any:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def page(rows: QuerySet[T], request: HttpRequest, *, by: str, size: int = PAGE_SIZE) -> KeysetPage[T]:
    """Cut one page out of the rows, sorted by the field `by` and the id, both descending.

    A position that cannot be read starts at the first page.
    """
    after, before = position(request, "after"), position(request, "before")
    if before is not None:
        found = list(rows.filter(_beyond(by, before, "gt")).order_by(by, "pk")[: size + 1])
        more, shown = len(found) > size, list(reversed(found[:size]))
        return KeysetPage(shown, _query(request, "before", shown, 0, by) if more else "",
                          _query(request, "after", shown, -1, by))  # fmt: skip
    if after is not None:
        rows = rows.filter(_beyond(by, after, "lt"))
    found = list(rows.order_by(f"-{by}", "-pk")[: size + 1])
    shown = found[:size]
    return KeysetPage(
        shown,
        _query(request, "before", shown, 0, by) if after is not None else "",
        _query(request, "after", shown, -1, by) if len(found) > size else "",
    )


def numbered(rows: QuerySet[T], request: HttpRequest, *, size: int = PAGE_SIZE) -> Page[T]:
    """Cut one page by number out of a list that stays short, such as sites. A wrong number shows the nearest page."""
    return Paginator(rows, size).get_page(request.GET.get("page"))


def with_totals(request: HttpRequest) -> str:
    """Return the query of a list that asks for its totals as well."""
    query = request.GET.copy()
    query["totals"] = "now"
    return query.urlencode()


def _beyond(by: str, position: tuple[Any, int], side: str) -> Q:
    value, pk = position
    # The first condition alone lets PostgreSQL start in the index; the second settles equal values.
    return Q(**{f"{by}__{side}e": value}) & (Q(**{f"{by}__{side}": value}) | Q(**{f"pk__{side}": pk}))


def position(request: HttpRequest, name: str) -> tuple[datetime, int] | None:
    """Read where a page begins: the row before or after which it stands, None when that cannot be read."""
    value, _, pk = request.GET.get(name, "").rpartition("~")
    if not value or not pk.isdecimal() or len(pk) > 18:
        return None
    try:
        moment = datetime.fromisoformat(value)
        # At the edges of the calendar a moment does not exist in another zone.
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return moment, int(pk)


def _query(request: HttpRequest, name: str, rows: list[T], index: int, by: str) -> str:
    if not rows:
        return ""
    query = request.GET.copy()
    for key in ("after", "before", "totals"):
        query.pop(key, None)
    row = rows[index]
    query[name] = f"{getattr(row, by).isoformat()}~{row.pk}"
    return query.urlencode()
