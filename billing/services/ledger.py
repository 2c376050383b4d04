"""Booking events in the ledger, and closing its months.

What happens is booked in the same transaction (`post`): a document as it is issued, a payment and a match as they are
kept. What happened before there was a ledger is booked by a piece of background work, a part at a time (`catch_up`),
which may be killed and begun again: an event is booked once.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Final

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from billing.domain.calendar import month_after
from billing.domain.errors import BillingError, Code
from billing.events import Event
from billing.models import ClosedMonth, LedgerEntry, LedgerWork
from billing.selectors import ledger
from billing.sql import ledger as sql
from tenants import joins, work
from tenants.log import audit
from tenants.models import Operator, User
from tenants.scoping import current_operator_id, tenant_scope

#: Events booked in one transaction afterwards.
PART: Final = 2_000
Kind = LedgerEntry.Kind


class MonthStaysOpen(BillingError):
    """A month cannot be closed."""

    usual = Code.LEDGER_UNEQUAL


def post(kind: str, ids: Sequence[int], *, at: datetime) -> None:
    """Book events of a kind that have just happened, in the caller's transaction; those booked already are left."""
    if not ids:
        return
    source = sql.SOURCES[kind]
    given: dict[str, Any] = {"operator": current_operator_id(), "kind": kind, "ids": list(ids), "at": at}
    with connection.cursor() as cursor:
        cursor.execute(sql.LOCK, given)
        given["ids"] = sorted(set(ids) - set(_one(cursor, sql.BOOKED, given) or ()))
        if not given["ids"]:
            return
        if source.about:
            given["about"] = _one(cursor, source.about, given)
        cursor.execute(sql.DROP)
        with joins.whole(cursor) if source.about else nullcontext():
            cursor.execute(sql.facts(source), given)
        cursor.execute(sql.post([source]), given)
        cursor.execute(sql.DROP)


def post_made(cursor: CursorWrapper, kinds: Sequence[str], *, at: datetime) -> None:
    """Book all events of these kinds that the transaction has just made of what it has set apart (`Source.made`).

    None of them can be booked already. The database refuses an event that is booked twice.
    """
    sources = [sql.SOURCES[kind] for kind in kinds]
    given: dict[str, Any] = {"operator": current_operator_id(), "at": at}
    cursor.execute(sql.LOCK, given)
    cursor.execute(sql.DROP)
    cursor.execute(sql.made(sources), given)
    cursor.execute(sql.post(sources), given)
    cursor.execute(sql.DROP)


def _one(cursor: CursorWrapper, statement: str, given: dict[str, Any]) -> Any:
    cursor.execute(statement, given)
    (found,) = cursor.fetchone() or (None,)
    return found


def ask_if_behind(at: datetime) -> None:
    """Have booked what happened before there was a ledger, if there is such; note of which kinds there is none."""
    row = LedgerWork.objects.first() or LedgerWork(queued_at=at, state=LedgerWork.State.DONE)
    if row.state != LedgerWork.State.DONE or _is_whole(row):
        return
    # Of a kind that the ledger takes only now, everything is older than it; the others are where they were.
    behind = ledger.behind(row)
    row.reached |= dict.fromkeys(sql.SOURCES.keys() - behind, LedgerWork.ALL)
    if behind:
        row.state, row.queued_at, row.attempts = LedgerWork.State.WAITING, at, 0
    row.save()
    if behind:
        work.enqueue(row)


def _is_whole(row: LedgerWork) -> bool:
    """Whether all that happened is known to be booked."""
    return all(row.reached.get(kind) == LedgerWork.ALL for kind in sql.SOURCES)


def catch_up(operator_id: int, row: LedgerWork, *, clock: Callable[[], datetime]) -> None:
    """Book the next part of what is not booked; what is left waits for the operator's next turn."""
    with tenant_scope(operator_id):
        for kind, source in sql.SOURCES.items():
            ids = _after(source, row.reached.get(kind, 0))
            if ids:
                post(kind, ids, at=clock())
                work.keep(row, at=clock(), reached={**row.reached, kind: ids[-1]}, done=row.done + len(ids))
                work.put_back(row)
                return
        work.finish(row, total=row.done, reached=dict.fromkeys(sql.SOURCES, LedgerWork.ALL))


def _after(source: sql.Source, last: int) -> list[int]:
    with connection.cursor() as cursor:
        given = {"operator": current_operator_id(), "after": last, "most": PART}
        return _one(cursor, sql.after(source), given) or []


@transaction.atomic
def close(month: date, *, by: User | None, at: datetime) -> ClosedMonth:
    """Close a month: it takes no entry any more, and its trial balance is kept as it is.

    Raises:
        MonthStaysOpen: it has not ended, an earlier one is open, older events are still being booked, or the ledger and
            the documents do not come to the same.
    """
    operator = Operator.objects.get(pk=current_operator_id())
    month = month.replace(day=1)
    with connection.cursor() as cursor:
        cursor.execute(sql.LOCK, {"operator": operator.pk})
    if at.astimezone(operator.zone).date() < month_after(month):
        raise MonthStaysOpen(Code.MONTH_NOT_ENDED, field="month", value=month, month=f"{month:%Y-%m}")
    _check_turn(month)
    if ledger.is_behind():
        raise MonthStaysOpen(Code.LEDGER_BEHIND, field="month", value=month)
    for check in ledger.checks(month):
        if not check.holds:
            raise MonthStaysOpen(
                Code.LEDGER_UNEQUAL,
                field="month",
                value=month,
                booked_part=check.part,
                booked_sum=[check.booked, check.currency],
                told_sum=[check.told, check.currency],
            )
    lines = [asdict(line) for line in ledger.trial_balance(month)]
    closed = ClosedMonth.objects.create(month=month, closed_by=by, closed_at=at, figures=lines)
    audit.record(Event.LEDGER_CLOSED, about=closed, month=f"{month:%Y-%m}")
    return closed


def _check_turn(month: date) -> None:
    """Refuse a month that is closed, or before which another one is open."""
    following = ledger.first_open()
    if following is None or month < following:
        raise MonthStaysOpen(Code.MONTH_IS_CLOSED, field="month", value=month, month=f"{month:%Y-%m}")
    if month > following:
        raise MonthStaysOpen(
            Code.EARLIER_MONTH_OPEN, field="month", value=month, month=f"{month:%Y-%m}", earlier=f"{following:%Y-%m}"
        )
