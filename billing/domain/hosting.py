"""What a host earns in a month: the one formula, on what is known of the month now.

Nothing is rounded on the way: share, energy, fixed amounts and floor are exact, and what the month comes to is rounded
once, half up. What becomes known later is worked out by the same formula on the whole month, less what was said before,
so that the parts of a month always add up to what it comes to.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final

from billing.domain import money
from billing.domain.calendar import month_after

_WH_A_KWH: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What was agreed. share: per cent of the revenue without VAT. rent, fee, floor: of a whole month."""

    since: date
    until: date | None
    share: Decimal
    kwh_price: Decimal
    rent: Decimal
    fee: Decimal
    floor: Decimal | None
    currency: str


def earned(terms: Terms, month: date, *, net: Decimal, energy_wh: int) -> Decimal:
    """What the host earned in a month in which its sites came to so much revenue and energy.

    month: its first day. The floor is a floor for the month as a whole: a credit later lowers what is above it.
    """
    days = part_of(terms, month)
    amount = Fraction(net) * Fraction(terms.share) / 100 + Fraction(energy_wh, _WH_A_KWH) * Fraction(terms.kwh_price)
    amount += days * (Fraction(terms.rent) - Fraction(terms.fee))
    if terms.floor is not None:
        amount = max(amount, days * Fraction(terms.floor))
    return money.round_half_up(amount, money.minor_digits(terms.currency))


def part_of(terms: Terms, month: date) -> Fraction:
    """How much of a month the contract is in force."""
    following = month_after(month)
    first = max(month, terms.since)
    last = following if terms.until is None else min(following, terms.until + timedelta(days=1))
    return Fraction(max((last - first).days, 0), (following - month).days)


def months(terms: Terms, last: date) -> Iterator[date]:
    """The first days of the months in which the contract is in force, up to the month `last`."""
    month = terms.since.replace(day=1)
    while month <= last and (terms.until is None or month <= terms.until):
        yield month
        month = month_after(month)


def paid_out(balance: Decimal, *, least: Decimal, is_last: bool) -> Decimal:
    """What of a balance is paid: all of it, once it is enough or the contract has ended; never less than nothing."""
    return balance if balance > 0 and (is_last or balance >= least) else Decimal(0)
