"""The judge of invoices: what a document must say, in fractions, one line after another.

It shares no code with the product, not even its rounding: `Decimal.quantize` rounds half away from zero, as
`docs/rounding.md` wants. A rate of None means that no VAT applies, which is another row than a rate of 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext

Rate = Decimal | None


@dataclass(frozen=True, slots=True)
class Judged:
    """What a document says: (rate, base, VAT) of each rate, and its sums."""

    rows: frozenset[tuple[Rate, Decimal, Decimal]]
    excl_vat: Decimal
    vat: Decimal

    @property
    def due(self) -> Decimal:
        return self.excl_vat + self.vat


def rounded(amount: Decimal, digits: int) -> Decimal:
    """To the smallest coin, half away from zero."""
    with localcontext() as context:
        context.prec = 100
        return amount.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def judge(lines: Iterable[tuple[Rate, Decimal]], digits: int) -> Judged:
    """The document of lines given as (rate, amount excluding VAT, already rounded)."""
    with localcontext() as context:
        context.prec = 100
        bases: dict[Rate, Decimal] = {}
        for rate, amount in lines:
            key = None if rate is None else rate.normalize()
            bases[key] = bases.get(key, Decimal(0)) + amount
        rows = {(rate, base, rounded(base * (rate or 0) / 100, digits)) for rate, base in bases.items()}
        return Judged(
            frozenset(rows), sum((row[1] for row in rows), Decimal(0)), sum((row[2] for row in rows), Decimal(0))
        )
