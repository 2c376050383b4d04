"""A list taken out: the file of exactly what it shows, in its order, recorded in the log.

A kind of file that holds fewer rows than the list has is refused before anything is written.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import urlencode

from portal.files import tables as files
from portal.files.tables import FileColumn
from portal.gate.access import SignedInRequest
from portal.gate.events import Event
from portal.web.chosen import chosen
from portal.web.periods import PeriodForm
from portal.web.tables import Shown
from portal.words.lists import LISTS
from tenants.log import audit
from tenants.sealed_fields import together

_EVENTS = {
    "accounts": Event.ACCOUNTS_EXPORTED,
    "invoices": Event.INVOICES_EXPORTED,
    "sessions": Event.SESSIONS_EXPORTED,
}
_ROWS_AT_ONCE = 2_000


def _read(rows: QuerySet[Any]) -> Iterable[Any]:
    return together(rows.iterator(chunk_size=_ROWS_AT_ONCE), at_once=_ROWS_AT_ONCE)


def answer(
    request: SignedInRequest,
    shown: Shown,
    rows: QuerySet[Any],
    *,
    columns: Sequence[FileColumn],
    back: str,
    filters: forms.Form | None = None,
    days: str = "",
    read: Callable[[QuerySet[Any]], Iterable[Any]] = _read,
) -> HttpResponseBase:
    """Send the rows that the list shows as a file of the kind that the address asks for.

    back: the list's address, for who asks for days that nobody can read, or for a kind that cannot hold the list.
    days: of the list, for the file's name; a filter with days says them itself. read: how the rows become what
    `columns` read.
    """
    if isinstance(filters, PeriodForm):
        if not filters.is_valid():
            return redirect(f"{back}?{filters.query()}")
        days = filters.days_in_words()
    operator, name = request.access.operator, shown.table.name
    kind = files.kind(request.GET.get("format", ""))
    if kind.limit is not None and len(rows.order_by().values("pk")[: kind.limit + 1]) > kind.limit:
        messages.error(request, files.too_long(kind))
        return redirect(f"{back}?{shown.query}")
    facts: dict[str, Any] = {} if name in _EVENTS else {"list": name}
    audit.record(_EVENTS.get(name, Event.LIST_EXPORTED), query=urlencode(chosen(filters)) if filters else "", **facts)
    ordered = shown.within(rows).sorted(rows)
    return files.table_file(
        f"{LISTS[name]}-{operator.slug}-{days or f'{timezone.now().astimezone(operator.zone):%Y-%m-%d}'}",
        kind=kind,
        columns=columns,
        rows=lambda: read(ordered),
        operator=operator,
    )
