"""Tables of lists: which columns there are, which of them a person sees, and what the list is sorted by.

A list declares its `Table` once. `shown` makes of it what the page needs: the headings with their sorting links, the
person's choice of columns and density, the saved views and the ready-made periods. What a list is narrowed to stands in
its address and nowhere else.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import orjson
from django.db.models import F, FilteredRelation, Func, IntegerField, JSONField, Q, QuerySet, TextField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast
from django.http import HttpRequest
from django.utils.functional import Promise

from charging.site_scope import visible_sites
from portal.gate.access import SignedInRequest
from portal.web import lists
from portal.web.lists import KeysetPage
from tenants.models import SavedView
from tenants.search import terms
from tenants.selectors import list_views

#: A longer list is sorted by what an index holds alone, or by what its column says is read quickly.
MOST_SORTED = 50_000
#: So many rows have a sealed text opened to be sorted by it.
MOST_OPENED = 2_000
_SORTED_BY, _THROUGH = "sort_value", "sort_through"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its key in addresses and choices, its heading, and what it is sorted by (None: it is not).

    by: an expression that is never null. opened: instead, where a sealed text stands, or what a row says by one: up to
        `most` rows are opened and sorted here, as the database cannot, each with the row `beside` it. through: a
        relation, and which of its rows, named `sort_through` in it.
    is_indexed: sorting by it is quick whatever the length of the list; otherwise up to `most` rows are sorted.
    is_optional: not shown until somebody chooses it; is_fixed: always shown.
    """

    key: str
    label: str | Promise
    by: str | Combinable | None = None
    css: str = ""
    is_indexed: bool = False
    is_optional: bool = False
    is_fixed: bool = False
    through: tuple[str, Q] | None = None
    most: int = 0
    opened: str | Callable[[Any], str] = ""
    beside: str = ""

    @property
    def is_sortable(self) -> bool:
        """Whether a list can be sorted by it."""
        return self.by is not None or bool(self.opened)


@dataclass(frozen=True, slots=True)
class Table:
    """The columns of a list in their order; `order` is how it is sorted unless the address says otherwise.

    An empty order is one that the list makes itself, such as what needs attention first.
    """

    name: str
    columns: tuple[Column, ...]
    order: str

    def keys(self, asked: Iterable[str] = ()) -> tuple[str, ...]:
        """Return the columns to show: those asked for, or the usual ones, and in any case the fixed ones."""
        wanted = set(asked)
        return tuple(
            column.key
            for column in self.columns
            if column.is_fixed or (column.key in wanted if wanted else not column.is_optional)
        )

    def part(self, *keys: str) -> "Shown":
        """Return a part of the table, for a page that shows a few rows: nothing to sort and nothing to choose."""
        return Shown(self, keys)


@dataclass(frozen=True, slots=True)
class Heading:
    """One heading: its words, and where a click on it leads (nowhere when it cannot be sorted by)."""

    column: Column
    query: str = ""
    sorted: str = ""


@dataclass(frozen=True)
class Shown:
    """A table as one person sees it."""

    table: Table
    keys: tuple[str, ...]
    order: str = ""
    is_dense: bool = False
    views: Sequence[SavedView] = ()
    query: str = ""
    too_long: Column | None = None
    headings: Sequence[Heading] = field(default=())

    @cached_property
    def columns(self) -> list[Column]:
        """The columns shown, in their order, with their headings in the reader's language: every cell repeats it."""
        return [replace(column, label=str(column.label)) for column in self.table.columns if column.key in self.keys]

    @property
    def heads(self) -> Sequence[Heading]:
        """The headings of the columns shown."""
        return self.headings or [Heading(column) for column in self.columns]

    @property
    def lead(self) -> int:
        """How many columns stand before the first with figures: the words of a total go across them."""
        columns = self.columns
        return next((index for index, column in enumerate(columns) if "num" in column.css), len(columns)) or 1

    @property
    def figures(self) -> list[Column]:
        """The columns from the first with figures on: a total has a cell for each."""
        return self.columns[self.lead :]

    @property
    def by(self) -> Column:
        """What the list is sorted by."""
        return next(column for column in self.table.columns if column.key == self.order.lstrip("-"))

    @property
    def most(self) -> int:
        """So many rows are sorted without an index."""
        column = self.too_long or self.by
        return column.most or (MOST_OPENED if column.opened else MOST_SORTED)

    @property
    def rises(self) -> bool:
        """Whether the list is sorted from the smallest, or the oldest, on."""
        return not self.order.startswith("-")

    def within(self, rows: QuerySet[Any]) -> "Shown":
        """Return the table sorted as usual if the rows are more than can be sorted without an index."""
        if not self.order or self.by.is_indexed or not rows.order_by()[self.most : self.most + 1].exists():
            return self
        return replace(self, order=self.table.order, too_long=self.by)

    def sorted(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Return all of the rows in the order of the list."""
        if not self.order:
            return rows
        rows, by = self._with_value(rows)
        return rows.order_by(by, "pk") if self.rises else rows.order_by(f"-{by}", "-pk")

    def page(self, rows: QuerySet[Any], request: HttpRequest) -> KeysetPage[Any]:
        """Cut the page out of the rows: by key, or by number where the list makes its order itself."""
        if not self.order:
            return lists.counted(rows, request)
        rows, by = self._with_value(rows)
        return lists.page(rows, request, by=by, rising=self.rises)

    def _with_value(self, rows: QuerySet[Any]) -> tuple[QuerySet[Any], str]:
        by = self.by.by
        if self.by.opened:
            return rows.annotate(**{_SORTED_BY: _rank(rows, self.by)}), _SORTED_BY
        if self.by.through is not None:
            relation, condition = self.by.through
            rows = rows.annotate(**{_THROUGH: FilteredRelation(relation, condition=condition)})
        if isinstance(by, str) and "__" not in by:
            return rows, by
        return rows.annotate(**{_SORTED_BY: F(by) if isinstance(by, str) else by}), _SORTED_BY


def shown(table: Table, request: SignedInRequest) -> Shown:
    """Return the table as the person wants it and the address says. Two queries."""
    choice = list_views.choice(request.user, table.name)
    keys = table.keys(choice.columns if choice else ())
    sortable = {column.key for column in table.columns if column.is_sortable}
    order = request.GET.get("sort", "")
    if order.lstrip("-") not in sortable or order.startswith("--"):
        order = table.order
    query = lists.narrowed(request.GET)
    return Shown(
        table,
        keys,
        order=order,
        is_dense=bool(choice and choice.is_dense),
        # What a colleague called a view, or looked for in it, may name a site or a person out of sight.
        views=list_views.saved(request.user, table.name, with_shared=visible_sites() is None),
        query=query.urlencode(),
        headings=[_heading(column, order, query) for column in table.columns if column.key in keys],
    )


def _rank(rows: QuerySet[Any], column: Column) -> Cast:
    """The rank of each row in the order of a sealed text."""
    said = column.opened
    if isinstance(said, str):
        found = list(rows.order_by().values_list("pk", said))
    else:
        found = [(row.pk, said(row)) for row in list(rows.order_by().select_related(column.beside or None))]
    texts = [(terms.in_order(str(text or "")), pk) for pk, text in found]
    ranks = Value(orjson.dumps({str(pk): index for index, (_, pk) in enumerate(sorted(texts))}).decode())
    text = Func(Cast(ranks, JSONField()), Cast("pk", TextField()), template="%(expressions)s", arg_joiner=" ->> ")
    return Cast(text, IntegerField())


def _heading(column: Column, order: str, query: Any) -> Heading:
    if not column.is_sortable:
        return Heading(column)
    is_sorted = order.lstrip("-") == column.key
    falls = order.startswith("-")
    target = query.copy()
    # Figures and times are asked for from the top, words from A; a second click turns the list round.
    target["sort"] = (
        column.key if (is_sorted and falls) or (not is_sorted and "num" not in column.css) else f"-{column.key}"
    )
    return Heading(column, target.urlencode(), ("descending" if falls else "ascending") if is_sorted else "")
