"""The judge of invoices: what a document must say, in fractions, one line after another.

It shares no code with the product, not even its rounding: half away from zero, as `docs/rounding.md` wants. A rate of
None means that no VAT applies, which is another row than a rate of 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

Rate = Decimal | None


@dataclass(frozen=True, slots=True)
class Judged:
    """What a document says: (rate, base, VAT) of each rate, its sums, and what is to be paid."""

    rows: frozenset[tuple[Rate, Decimal, Decimal]]
    excl_vat: Decimal
    vat: Decimal
    due: Decimal

    @property
    def rounding(self) -> Decimal:
        return self.due - self.excl_vat - self.vat


def rounded(amount: Fraction | Decimal, digits: int) -> Decimal:
    """To the smallest coin, half away from zero."""
    coins = abs(Fraction(amount)) * 10**digits
    whole = (2 * coins.numerator + coins.denominator) // (2 * coins.denominator)
    sign = (amount < 0) + 0
    return Decimal((sign, tuple(map(int, str(whole))), -digits)) + 0


def judge(net: Iterable[tuple[Rate, Decimal]], digits: int, *, gross: Iterable[tuple[Rate, Decimal]] = ()) -> Judged:
    """The document of lines given as (rate, rounded amount), without VAT and with it."""
    without, within = _by_rate(net), _by_rate(gross)
    rows, due = set(), Fraction(0)
    for rate in without.keys() | within.keys():
        own, included, share = without.get(rate, Fraction(0)), within.get(rate, Fraction(0)), Fraction(rate or 0) / 100
        base = rounded(own, digits) + rounded(included / (1 + share), digits)
        rows.add((rate, base, rounded(Fraction(base) * share, digits)))
        due += own + Fraction(rounded(own * share, digits)) + included
    return Judged(
        frozenset(rows),
        sum((row[1] for row in rows), Decimal(0)),
        sum((row[2] for row in rows), Decimal(0)),
        rounded(due, digits),
    )


def _by_rate(lines: Iterable[tuple[Rate, Decimal]]) -> dict[Rate, Fraction]:
    sums: dict[Rate, Fraction] = {}
    for rate, amount in lines:
        key = None if rate is None else rate.normalize()
        sums[key] = sums.get(key, Fraction(0)) + Fraction(amount)
    return sums
