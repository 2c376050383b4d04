"""What the run of a month would find, and what it would have to leave."""

from dataclasses import dataclass
from datetime import date

from billing.domain.calendar import month_bounds
from billing.models.billing_status import BillingStatus
from billing.selectors import session_ledger
from billing.selectors.session_ledger import Totals
from charging.models import ChargingSession


@dataclass(frozen=True, slots=True)
class Waiting:
    """Closed sessions that ended before the month's end and stand on no invoice, by what keeps them from one."""

    month: date
    priced: Totals
    unpriced: Totals
    under_review: Totals
    problems: Totals

    @property
    def sessions(self) -> int:
        """How many sessions the run would bill; unpriced ones are priced first, and some may turn out free."""
        return self.priced.sessions + self.unpriced.sessions

    @property
    def energy_wh(self) -> int:
        """Their energy."""
        return self.priced.energy_wh + self.unpriced.energy_wh

    @property
    def held(self) -> int:
        """How many sessions stay behind until a person has done something about them."""
        return self.under_review.sessions + self.problems.sessions


def waiting(*, month: date, zone: str) -> Waiting:
    """Sessions of the month and late ones of the months before. Eight sums in the database."""
    closed = ChargingSession.objects.filter(ended_at__lt=month_bounds(month, zone)[1])

    def total(where: BillingStatus) -> Totals:
        return session_ledger.totals(session_ledger.having(closed, where))

    return Waiting(
        month=month,
        priced=total(BillingStatus.WAITING),
        unpriced=total(BillingStatus.UNRATED),
        under_review=total(BillingStatus.PENDING),
        problems=total(BillingStatus.PROBLEM),
    )
