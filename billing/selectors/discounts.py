"""Which percentages are taken off a session: those of its invoice, or those agreed with whoever pays for it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing.domain.calendar import day_of
from billing.models import BilledFee, Fee, Invoice
from billing.selectors import payers
from charging.models import ChargingSession
from tenants.models import Account, Driver


@dataclass(frozen=True, slots=True)
class TakenOff:
    """A percentage, what the customer reads of it, and what it is taken off (`Fee.TakenOff`)."""

    text: str
    percent: Decimal
    of: str


def of_session(
    session: ChargingSession, *, zone: str, invoice: Invoice | None, only_of: Driver | None = None
) -> list[TakenOff]:
    """What is taken off the session on its invoice, also a draft; on none yet, what would be by what is agreed now.

    zone: the operator's, by which days are agreed.
    only_of: the driver whose own account must pay, or nothing is told: what others have agreed is theirs.
    """
    account = invoice.account if invoice else payers.of_session(session)
    if account is None or (only_of is not None and account.driver_id != only_of.pk):
        return []
    day = day_of(session.started_at, zone)
    if invoice is None:
        return agreed(account, on=day)
    rows = BilledFee.objects.filter(invoice=invoice, percent__isnull=False, first_day__lte=day, last_day__gte=day)
    return _told(rows.order_by("pk").values_list("text", "percent", "fee__taken_off"))


def agreed(account: Account, *, on: date) -> list[TakenOff]:
    """What is agreed with the account for sessions that begin on a day."""
    rows = Fee.objects.filter(account=account, percent__isnull=False, since__lte=on).exclude(until__lt=on)
    return _told(rows.order_by("pk").values_list("text", "percent", "taken_off"))


def _told(rows: Iterable[tuple[str, Decimal | None, str]]) -> list[TakenOff]:
    return [TakenOff(text, percent, of) for text, percent, of in rows if percent is not None]
