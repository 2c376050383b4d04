"""Late interest by räntelagen (1975:635), § 6: the reference rate and eight points, day by day.

Interest = the sum over days of principal × (rate + 8) / 100 / 365, rounded once, half up. A day counts with what was
owed when it began, so the day of a payment still counts in full. There is no interest on interest. Where the rate of a
day is not known, nothing is computed.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final

from billing.domain import money
from billing.domain.errors import BillingError, Code

POINTS: Final = 8
_OF_A_YEAR: Final = 100 * 365


class NoReferenceRate(BillingError):
    """Interest is asked for on days whose reference rate is not known."""

    usual = Code.NO_REFERENCE_RATE


@dataclass(frozen=True, slots=True)
class ReferenceRate:
    """A reference rate in per cent and the first day it holds."""

    since: date
    percent: Decimal


@dataclass(frozen=True, slots=True)
class Owed:
    """What is owed in whole coins from the beginning of a day on."""

    since: date
    coins: int


def half_year_after(day: date) -> date:
    """The first day of the half-year after the one of `day`."""
    return date(day.year, 7, 1) if day.month < 7 else date(day.year + 1, 1, 1)


def interest(owed: Sequence[Owed], *, first: date, last: date, rates: Sequence[ReferenceRate]) -> int:
    """Late interest of the days from `first` to `last`, both included, in whole coins; no days: none.

    owed: in order of time. rates: in order of time; the last one holds to the end of its half-year.

    Raises:
        NoReferenceRate: the rate of one of the days on which something is owed is not known.
    """
    exact = sum(
        (coins * Fraction(rate + POINTS) * days for coins, rate, days in _stretches(owed, first, last, rates)),
        Fraction(0),
    )
    return money.divide_half_up(exact.numerator, exact.denominator * _OF_A_YEAR)


def _stretches(
    owed: Sequence[Owed], first: date, last: date, rates: Sequence[ReferenceRate]
) -> Iterator[tuple[int, Decimal, int]]:
    """Stretches of days with one principal and one rate: principal, rate, number of days."""
    if first > last:
        return
    begins = {first, *(each.since for each in owed), *(rate.since for rate in rates)}
    starts = sorted(day for day in begins if first <= day <= last)
    for start, after in zip(starts, [*starts[1:], last + timedelta(days=1)], strict=True):
        index = bisect_right(owed, start, key=lambda each: each.since)
        coins = owed[index - 1].coins if index else 0
        if coins > 0:
            yield coins, _rate(rates, start, after - timedelta(days=1)), (after - start).days


def _rate(rates: Sequence[ReferenceRate], first: date, last: date) -> Decimal:
    index = bisect_right(rates, first, key=lambda rate: rate.since)
    if not index or last >= half_year_after(rates[-1].since):
        known = half_year_after(rates[-1].since) - timedelta(days=1) if rates else None
        raise NoReferenceRate(field="day", value=last.isoformat(), known_until=known.isoformat() if known else "")
    return rates[index - 1].percent
