"""VAT: once per rate, on the sum of what that rate applies to.

Tax computed line by line and added up differs from tax on the sum on nearly every invoice with more than a few lines;
EN 16931 (BR-CO-17) and Swedish practice compute it on the sum per rate. A rate of None means that no VAT applies (out
of scope), which is another category than a rate of 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from billing.domain import money

Rate = Decimal | None

_HUNDRED: Final = 100


@dataclass(frozen=True, slots=True)
class VatLine:
    """What one rate applies to and the tax on it, in the currency."""

    rate: Rate
    base: Decimal
    tax: Decimal


def factor(rate: Rate) -> Fraction:
    """What an amount excluding VAT is multiplied by to include it."""
    return 1 + Fraction(rate or 0) / _HUNDRED


def tax_on(base: Decimal, rate: Rate, currency: str) -> Decimal:
    """The tax on a sum, rounded half up to the minor unit once."""
    return money.round_half_up(Fraction(base) * Fraction(rate or 0) / _HUNDRED, money.minor_digits(currency))


def net_of(gross: Decimal, rate: Rate, currency: str) -> Decimal:
    """The amount excluding VAT that is nearest to a gross amount."""
    return money.round_half_up(Fraction(gross) / factor(rate), money.minor_digits(currency))


def by_rate(amounts: Iterable[tuple[Rate, Decimal]], currency: str) -> tuple[VatLine, ...]:
    """One line per rate, highest rate first and "no VAT" last."""
    bases: dict[Rate, Decimal] = {}
    zero = money.from_minor(0, currency)
    for rate, amount in amounts:
        key = None if rate is None else rate.normalize()
        bases[key] = bases.get(key, zero) + amount
    ordered = sorted(bases, key=lambda rate: (rate is None, -(rate or 0)))
    return tuple(VatLine(_plain(rate), bases[rate], tax_on(bases[rate], rate, currency)) for rate in ordered)


def _plain(rate: Rate) -> Rate:
    """25 rather than 2.5E+1."""
    return None if rate is None else Decimal(f"{rate:f}")
