"""What waits for somebody on the way from sessions to invoices."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from billing.domain.calendar import month_bounds
from billing.models import InvoiceRun
from billing.models.billing_status import BillingStatus
from billing.selectors import day_sums
from billing.selectors.day_sums import Wanted
from charging.models import ChargingSession


@dataclass(frozen=True, slots=True)
class Attention:
    """Counts and runs that wait. `month_without_run` is the last full month when nobody has billed it yet."""

    without_price: int
    runs_to_issue: Sequence[InvoiceRun]
    month_without_run: date | None


def attention(*, today: date, zone: str) -> Attention:
    """Return what waits; `today` and `zone` are the operator's."""
    ready = InvoiceRun.objects.filter(state=InvoiceRun.State.READY).order_by("month")
    return Attention(_without_price(), list(ready), _month_without_run(today, zone))


def _without_price() -> int:
    """As many as the list of them has: one that is under review or written off waits for nothing here."""
    return day_sums.totals(Wanted(statuses=(BillingStatus.PROBLEM.value,))).sessions


def _month_without_run(today: date, zone: str) -> date | None:
    month = date(today.year, today.month - 1, 1) if today.month > 1 else date(today.year - 1, 12, 1)
    begin, end = month_bounds(month, zone)
    if InvoiceRun.objects.filter(month=month).exists():
        return None
    return month if ChargingSession.objects.filter(ended_at__gte=begin, ended_at__lt=end).exists() else None
