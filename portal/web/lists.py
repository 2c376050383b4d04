"""Paging by key: a page starts after the last row of the one before, so page 1,000 is as fast as page 1.

The position travels in the URL as `after` (further down the list) or `before` (further up): the row's sort value and
its id. A list is sorted by one value and the id, both in the same direction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.core.paginator import Page, Paginator
from django.db.models import DateField, Field, Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect

T = TypeVar("T", bound=Model)
PAGE_SIZE = 50
#: What of a list's address is no part of what it is narrowed to.
PLACE = ("after", "before", "page", "totals", "format")
_MOST = 10**18


@dataclass(frozen=True, slots=True)
class KeysetPage(Generic[T]):
    """One page of a list, and the URL queries of its neighbours (empty when there is none).

    newer: of the page further up; older: further down. is_timed: whether up and down are newer and older.
    """

    rows: Sequence[T]
    newer: str = ""
    older: str = ""
    is_timed: bool = False

    def __iter__(self) -> Any:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def page(
    rows: QuerySet[T],
    request: HttpRequest,
    *,
    by: str,
    rising: bool = False,
    size: int = PAGE_SIZE,
) -> KeysetPage[T]:
    """Cut one page out of the rows, sorted by the field or annotation `by` and the id, falling unless `rising`.

    No row's value may be null. A position that cannot be read starts at the first page.
    """
    field = _field(rows, by)
    is_timed = isinstance(field, DateField) and not rising
    after, before = _position(request, "after", field), _position(request, "before", field)
    down, up = ("gt", "lt") if rising else ("lt", "gt")
    if before is not None:
        found = list(rows.filter(_beyond(by, before, up)).order_by(*_ordered(by, rising=not rising))[: size + 1])
        more, shown = len(found) > size, list(reversed(found[:size]))
        newer = _query(request, "before", shown, 0, by) if more else ""
        return KeysetPage(shown, newer, _query(request, "after", shown, -1, by), is_timed)
    if after is not None:
        rows = rows.filter(_beyond(by, after, down))
    found = list(rows.order_by(*_ordered(by, rising=rising))[: size + 1])
    shown = found[:size]
    newer = _query(request, "before", shown, 0, by) if after is not None else ""
    return KeysetPage(shown, newer, _query(request, "after", shown, -1, by) if len(found) > size else "", is_timed)


def counted(rows: QuerySet[T], request: HttpRequest, *, size: int = PAGE_SIZE) -> KeysetPage[T]:
    """Cut one page by number out of rows whose order no single value makes. A wrong number shows the first page."""
    text = request.GET.get("page", "")
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else 1
    start = max(number - 1, 0) * size
    found = list(rows[start : start + size + 1])
    newer = _numbered(request, number - 1) if start else ""
    return KeysetPage(found[:size], newer, _numbered(request, max(number, 1) + 1) if len(found) > size else "")


def numbered(rows: QuerySet[T] | Sequence[Any], request: HttpRequest, *, size: int = PAGE_SIZE) -> Page[Any]:
    """Cut one page by number out of a list that stays short, such as sites. A wrong number shows the nearest page."""
    return Paginator(rows, size).get_page(request.GET.get("page"))


def with_totals(request: HttpRequest) -> str:
    """Return the query of a list that asks for its totals as well."""
    query = request.GET.copy()
    query["totals"] = "now"
    return query.urlencode()


def narrowed(query: QueryDict) -> QueryDict:
    """Return what a list's address narrows and sorts it by: no place in it, and nothing that is empty."""
    kept = QueryDict(mutable=True)
    for name, values in query.lists():
        if name not in PLACE and any(values):
            kept.setlist(name, [value for value in values if value])
    return kept


def untidy(request: HttpRequest) -> HttpResponse | None:
    """Return the way to the same list by an address without empty parameters; None when it has none.

    A form sends every field; the script leaves out the empty ones, and without script this does.
    """
    if all(value for _, values in request.GET.lists() for value in values):
        return None
    kept = request.GET.copy()
    for name, values in request.GET.lists():
        kept.setlist(name, [value for value in values if value])
    return redirect(f"{request.path}?{kept.urlencode()}")


def position(request: HttpRequest, name: str, rows: QuerySet[Any], *, by: str) -> tuple[Any, int] | None:
    """Read where a page begins: the row before or after which it stands, None when that cannot be read."""
    return _position(request, name, _field(rows, by))


def _field(rows: QuerySet[Any], by: str) -> Any:
    annotated = rows.query.annotations.get(by)
    return annotated.output_field if annotated is not None else rows.model._meta.get_field(by)


def _ordered(by: str, *, rising: bool) -> tuple[str, str]:
    return (by, "pk") if rising else (f"-{by}", "-pk")


def _beyond(by: str, position: tuple[Any, int], side: str) -> Q:
    value, pk = position
    # The first condition alone lets PostgreSQL start in the index; the second settles equal values.
    return Q(**{f"{by}__{side}e": value}) & (Q(**{f"{by}__{side}": value}) | Q(**{f"pk__{side}": pk}))


def _position(request: HttpRequest, name: str, field: "Field[Any, Any]") -> tuple[Any, int] | None:
    text, mark, pk = request.GET.get(name, "").rpartition("~")
    if not mark or "\0" in text or not pk.isdecimal() or len(pk) > 18:
        return None
    try:
        value = _sensible(field.to_python(text))
    except (ValidationError, ValueError, OverflowError, ArithmeticError):
        return None
    return None if value is None else (value, int(pk))


def _sensible(value: Any) -> Any:
    """Return the value with its zone, or None for one that no row can have and the database cannot compare."""
    if isinstance(value, datetime):
        # At the edges of the calendar a moment does not exist in another zone.
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, Decimal | int):
        return value if -_MOST < value < _MOST else None
    return value


def _numbered(request: HttpRequest, number: int) -> str:
    query = narrowed(request.GET)
    query["page"] = str(number)
    return query.urlencode()


def _query(request: HttpRequest, name: str, rows: list[T], index: int, by: str) -> str:
    if not rows:
        return ""
    query = narrowed(request.GET)
    value = getattr(rows[index], by)
    query[name] = f"{value.isoformat() if hasattr(value, 'isoformat') else value}~{rows[index].pk}"
    return query.urlencode()
