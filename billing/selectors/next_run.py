"""What the run of a month would find, and what it would have to leave."""

from dataclasses import dataclass
from datetime import date, timedelta

from billing.domain.calendar import month_after
from billing.models.billing_status import BillingStatus
from billing.selectors import day_sums
from billing.selectors.day_sums import Wanted
from billing.selectors.session_ledger import Totals


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


def waiting(*, month: date) -> Waiting:
    """Sessions of the month and late ones of the months before."""
    ended = Wanted(last=month_after(month) - timedelta(days=1), by="ended_on")
    found = day_sums.totals_by_status(ended)

    def total(where: BillingStatus) -> Totals:
        return found.get(where.value, Totals(0, 0, 0, []))

    return Waiting(
        month=month,
        priced=total(BillingStatus.WAITING),
        unpriced=total(BillingStatus.UNRATED),
        under_review=total(BillingStatus.PENDING),
        problems=total(BillingStatus.PROBLEM),
    )
