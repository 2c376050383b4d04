"""Energy as whole watt-hours, read from decimal text without ever becoming a float.

`"22.287"` kWh is 22,287 Wh, always. A value with more digits than a watt-hour can hold is rounded half up, once,
here. The vectorised reading covers plain decimals; whatever does not look like one (`"1.5e1"`, spaces or signs between
thousands) is tried again one by one with `decimal`, and is null if that fails too.
"""

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, Overflow
from enum import StrEnum

import polars as pl

#: Beyond this no number is read: it keeps every sum far inside 64 bits.
LARGEST_WH = 10**12
_WITH_UNIT = r"\d\s*[kKmM]?[wW]h\s*$"
_APOSTROPHES = str.maketrans("", "", "'\u2019\u02bc\u00b4`")


class EnergyUnit(StrEnum):
    """The unit a file writes energy in."""

    WH = "Wh"
    KWH = "kWh"
    MWH = "MWh"

    @property
    def decimals(self) -> int:
        """How many decimals of this unit make one watt-hour."""
        return {"Wh": 0, "kWh": 3, "MWh": 6}[self.value]


def watt_hours(texts: pl.Series, *, unit: EnergyUnit, decimal_sign: str = ".") -> pl.Series:
    """Return whole watt-hours (Int64) of numbers written in `unit`; null where a text is null or no number.

    Rounding: half away from zero, on the first digit below a watt-hour.
    """
    if texts.null_count() == len(texts):
        return texts.cast(pl.Int64)
    if texts.str.contains("h", literal=True).any() and texts.str.contains(_WITH_UNIT).any():
        return _with_units(texts, unit=unit, decimal_sign=decimal_sign)
    sign = re.escape(decimal_sign)
    plain = texts.str.contains(rf"^[+-]?\d{{1,9}}({sign}\d*)?$").fill_null(value=False)
    fast = _plain_watt_hours(texts if plain.all() else texts.set(~plain, None), unit.decimals, decimal_sign)
    odd = (~plain & texts.is_not_null()).arg_true()
    if not len(odd):
        return fast
    return fast.scatter(odd, [watt_hours_of(text, unit=unit, decimal_sign=decimal_sign) for text in texts.gather(odd)])


def watt_hours_of(text: str, *, unit: EnergyUnit, decimal_sign: str = ".") -> int | None:
    """Return whole watt-hours of one number, half up; None if it is not one.

    Thousands may be set apart by spaces, by apostrophes, or by the other sign when every group has three digits: with
    a decimal point `"1,234.5"` is a number and `"1,5"` is not, because guessing there is how 1.5 kWh becomes 15.
    """
    cleaned = "".join(text.split()).replace("\N{MINUS SIGN}", "-").translate(_APOSTROPHES)
    thousands = "," if decimal_sign == "." else "."
    if thousands in cleaned:
        if not re.fullmatch(rf"[+-]?\d{{1,3}}({re.escape(thousands)}\d{{3}})+({re.escape(decimal_sign)}\d*)?", cleaned):
            return None
        cleaned = cleaned.replace(thousands, "")
    try:
        number = Decimal(cleaned.replace(decimal_sign, "."))
        if not number.is_finite() or abs(number) > LARGEST_WH:
            return None
    except (InvalidOperation, Overflow):
        return None
    return int(number.scaleb(unit.decimals).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def decimals_of(texts: pl.Series, *, decimal_sign: str = ".") -> pl.Series:
    """Return how many decimals each number is written with."""
    return texts.str.extract(rf"{re.escape(decimal_sign)}(\d*)\D*$", 1).str.len_chars().fill_null(0)


def _with_units(texts: pl.Series, *, unit: EnergyUnit, decimal_sign: str) -> pl.Series:
    """Read numbers with a unit beside them, each in its own; the others in `unit`."""
    written = texts.str.extract(r"(?i)([kM]?Wh)\s*$", 1).str.to_lowercase()
    bare = texts.str.replace(r"(?i)\s*[kM]?Wh\s*$", "")
    wh = watt_hours(bare.set(written.is_not_null(), None), unit=unit, decimal_sign=decimal_sign)
    for own in EnergyUnit:
        other = (written != own.value.lower()).fill_null(value=True)
        if not other.all():
            read = watt_hours(bare.set(other, None), unit=own, decimal_sign=decimal_sign)
            wh = wh.zip_with(wh.is_not_null(), read)
    return wh


def _plain_watt_hours(numbers: pl.Series, decimals: int, decimal_sign: str) -> pl.Series:
    """Read plain decimals as whole numbers; where some have more digits than a watt-hour holds, they are rounded."""
    said = pl.DataFrame({"text": numbers})
    after = pl.col("text").str.len_bytes() - pl.col("text").str.find(decimal_sign, literal=True) - 1
    said = said.with_columns(lasting=after.fill_null(0).cast(pl.Int8))
    if (said["lasting"] > decimals).any():
        return _rounded_watt_hours(numbers, decimals, decimal_sign)
    digits = pl.col("text").str.replace(decimal_sign, "", literal=True).cast(pl.Int64, strict=False)
    factors = pl.lit(pl.Series([10 ** (decimals - lasting) for lasting in range(decimals + 1)]))
    return said.select(digits * factors.gather(pl.col("lasting"))).to_series()


def _rounded_watt_hours(numbers: pl.Series, decimals: int, decimal_sign: str) -> pl.Series:
    parts = numbers.str.split_exact(decimal_sign, 1).struct.unnest()
    whole = parts["field_0"].cast(pl.Int64, strict=False).abs()
    fraction = parts["field_1"].fill_null("").str.pad_end(decimals + 1, "0")
    below = fraction.str.slice(0, decimals).cast(pl.Int64, strict=False) if decimals else 0
    rounding_up = (fraction.str.slice(decimals, 1) >= "5").cast(pl.Int64)
    magnitude: pl.Series = whole * 10**decimals + below + rounding_up
    sign = numbers.str.starts_with("-").cast(pl.Int64) * -2 + 1
    return magnitude * sign
