"""What a part of an invoice that is lost comes to by rate of VAT: exact over all parts, whatever their order.

Of each rate the VAT of all parts together is its VAT times what is lost of the whole, rounded half up once, less what
earlier parts had; so the parts of a whole invoice end at just its VAT. What is left of a part is net, divided by what
the rates come to; the rate with the largest base takes what rounding leaves.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from billing.domain import money


@dataclass(frozen=True, slots=True)
class Rate:
    """A base and its VAT at a rate, in whole coins; percent: None outside the scope of VAT."""

    percent: Decimal | None
    net: int
    vat: int


def shares(coins: int, *, of: int, rates: Sequence[Rate], before: Iterable[Rate] = ()) -> list[Rate]:
    """Divide `coins`, which are lost of an invoice over `of`, by its rates. before: what was lost of it already."""
    lost = list(before)
    together = Fraction(sum(part.net + part.vat for part in lost) + coins, of)
    found = []
    for rate in rates:
        gone = sum(part.vat for part in lost if part.percent == rate.percent)
        vat = _whole(together * rate.vat) - gone
        net = _whole(Fraction(coins * (rate.net + rate.vat), of)) - vat
        found.append(Rate(rate.percent, net, vat))
    left = coins - sum(part.net + part.vat for part in found)
    largest = max(range(len(rates)), key=lambda place: abs(rates[place].net))
    found[largest] = Rate(found[largest].percent, found[largest].net + left, found[largest].vat)
    return [part for part in found if part.net or part.vat]


def _whole(amount: Fraction) -> int:
    return money.divide_half_up(amount.numerator, amount.denominator)
