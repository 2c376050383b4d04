"""That hosts were paid what statements owe them: told by a person, booked, and taken back where it was wrong.

No money leaves from here. A statement is paid wholly, so what is unpaid is a list of statements.
"""

from datetime import date, datetime

from django.db import transaction

from billing.domain import money
from billing.domain.calendar import day_of
from billing.domain.errors import Code
from billing.models import HostPayout, HostStatement
from billing.selectors import settlements
from billing.services import ledger
from billing.services.host_contracts import HostRefused
from tenants.models import Operator, User
from tenants.scoping import current_operator_id


class PayoutRefused(HostRefused):
    """It cannot be said that a statement was paid, or that it was not."""


@transaction.atomic
def record(statement: HostStatement, *, paid_on: date, text: str, by: User | None, at: datetime) -> HostPayout:
    """Keep that a statement was paid on a day.

    Raises:
        PayoutRefused: it is not closed, owes nothing or is paid; or the day lies ahead, or before it was closed.
    """
    row = HostStatement.objects.select_for_update(of=("self",)).get(pk=statement.pk)
    if row.state != HostStatement.State.CLOSED or row.total <= 0:
        raise PayoutRefused(Code.PAYOUT_OF_NOTHING, field="statement", value=str(row))
    if settlements.payout(row) is not None:
        raise PayoutRefused(Code.PAYOUT_TWICE, field="statement", value=str(row))
    if not row.closed_at or not day_of(row.closed_at, str(row.zone)) <= paid_on <= _today(at):
        raise PayoutRefused(Code.PAYOUT_DAY, field="paid_on", value=paid_on.isoformat())
    coins = money.to_units(row.total, money.minor_digits(row.currency))
    return _kept(HostPayout(statement=row, amount=coins, paid_on=paid_on, text=text.strip()), by=by, at=at)


@transaction.atomic
def undo(payout: HostPayout, *, by: User | None, at: datetime) -> HostPayout:
    """Take back that a statement was paid: it is owed again.

    Raises:
        PayoutRefused: it was taken back already, or takes another back.
    """
    HostStatement.objects.select_for_update(of=("self",)).get(pk=payout.statement_id)
    if payout.undoes_id is not None or HostPayout.objects.filter(undoes=payout).exists():
        raise PayoutRefused(Code.MATCH_UNDONE, field="payout", value=str(payout))
    back = HostPayout(statement=payout.statement, amount=-payout.amount, paid_on=_today(at), undoes=payout)
    return _kept(back, by=by, at=at)


def _kept(row: HostPayout, *, by: User | None, at: datetime) -> HostPayout:
    row.recorded_by = by
    row.save()
    ledger.post(ledger.Kind.PAYOUT, [row.pk], at=at)
    return row


def _today(at: datetime) -> date:
    return day_of(at, Operator.objects.get(pk=current_operator_id()).time_zone)
