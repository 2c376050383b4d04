"""What was charged and earned, day by day."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from billing.selectors import day_sums
from billing.selectors.day_sums import Wanted
from charging.models import Site


@dataclass(frozen=True, slots=True)
class Day:
    """One local day: the sessions that started on it."""

    day: date
    sessions: int
    energy_wh: int
    amount_excl_vat: Decimal
    amount_incl_vat: Decimal


def by_day(*, first: date, last: date, site: Site | None = None) -> list[Day]:
    """One row for each day from `first` to `last`, days without sessions included.

    A session belongs to the day on which it started, by the operator's clock, as in lists of sessions. Amounts are the
    prices of what is priced; problems earn nothing until they are solved.
    """
    wanted = Wanted(first=first, last=last, site=site)
    found = {
        part.key[0]: Day(part.key[0], part.sessions, part.energy_wh, part.amount_excl_vat, part.amount_incl_vat)
        for part in day_sums.sums(wanted, by=("started_on",))
    }
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return [found.get(day, Day(day, 0, 0, Decimal(0), Decimal(0))) for day in days]
