"""Currencies, minor units, and the one place that rounds.

Inside the kernel every quantity is an integer: energy in milliwatt-hours, time in seconds, prices in a power of ten of
the currency. Outside it, money is `Decimal`. This module is the border. `docs/rounding.md` publishes the rule:
**half up, away from zero**, so that a credit note is the exact mirror of its invoice.

The arithmetic works on Python integers and on NumPy arrays of either `int64` or `object` (big integers) alike; the
kernel picks the second when the first could overflow.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, overload

import numpy as np

from billing.domain.errors import Code, MoneyError

AnyInts = np.ndarray[Any, np.dtype[Any]]

#: Decimals of the smallest coin of most currencies, and of the others (ISO 4217).
USUAL_DIGITS: Final = 2
UNUSUAL_DIGITS: Final = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW"), 0),
    **dict.fromkeys(("PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


def check_currency(code: str, field: str = "currency") -> str:
    """Return `code` if it has the shape of an ISO 4217 code.

    Raises:
        MoneyError: it has not.
    """
    if len(code) == 3 and code.isascii() and code.isalpha() and code.isupper():
        return code
    raise MoneyError(field=field, value=code)


def power_of_ten(digits: int) -> int:
    """10 to this power, which is not negative."""
    return int(10**digits)


def minor_digits(currency: str) -> int:
    """Decimals of the smallest coin: 2 for SEK and EUR, 0 for JPY, 3 for KWD."""
    return UNUSUAL_DIGITS.get(check_currency(currency), USUAL_DIGITS)


@overload
def divide_half_up(numerator: int, denominator: int) -> int: ...
@overload
def divide_half_up(numerator: AnyInts, denominator: int | AnyInts) -> AnyInts: ...
def divide_half_up(numerator: int | AnyInts, denominator: int | AnyInts) -> int | AnyInts:
    """`numerator / denominator` as the nearest integer, ties away from zero. `denominator` > 0.

    The remainder is compared with its complement, so nothing is doubled and nothing can overflow.
    """
    if isinstance(numerator, int):
        size = abs(numerator)
        whole, rest = divmod(size, denominator)
        nearest = whole + (rest >= denominator - rest)
        return int(nearest) if numerator >= 0 else -int(nearest)
    if isinstance(denominator, int) and denominator > np.iinfo(np.int64).max:
        denominator = np.array(denominator, dtype=object)
    sizes = np.abs(numerator)
    wholes = sizes // denominator
    rests = sizes - wholes * denominator
    nearests = wholes + (rests >= denominator - rests)
    return np.where(numerator < 0, -nearests, nearests)


def round_half_up(amount: Decimal | Fraction | int, digits: int) -> Decimal:
    """Round an exact amount to `digits` decimals, ties away from zero."""
    exact = Fraction(amount)
    return from_units(divide_half_up(exact.numerator * power_of_ten(digits), exact.denominator), digits)


def from_minor(units: int, currency: str) -> Decimal:
    """Minor units as `Decimal` with the decimals of the currency: 1025 öre is `10.25`."""
    return from_units(units, minor_digits(currency))


def to_units(value: Decimal, digits: int) -> int:
    """`value` as a whole number of 10**-digits.

    Raises:
        MoneyError: it has more decimals than that; the caller chose too few.
    """
    scaled = Fraction(value) * power_of_ten(digits)
    if scaled.denominator != 1:
        raise MoneyError(Code.TOO_MANY_DECIMALS, value=value, digits=digits)
    return scaled.numerator


def from_units(units: int, digits: int) -> Decimal:
    """Whole units of 10**-digits as `Decimal`, exactly and with all its decimals."""
    text = f"{abs(units):0{digits + 1}d}"
    sign = "-" if units < 0 else ""
    return Decimal(f"{sign}{text[:-digits]}.{text[-digits:]}" if digits else f"{sign}{text}")


def decimals_of(value: Decimal) -> int:
    """How many decimals `value` needs: 0.50 needs one, 25 none."""
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
