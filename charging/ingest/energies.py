"""The energy of each row: said, or the difference of its meter; and whether both agree as far as they are written."""

import polars as pl

from charging.domain.energy import EnergyUnit, decimals_of, watt_hours
from charging.domain.reasons import Reject
from charging.ingest.columns import text_of
from charging.ingest.headers import unit_of
from charging.ingest.layout import Field, Layout
from charging.ingest.raw import RawChunk

_BOTH_METERS = (Field.METER_START, Field.METER_STOP)


def read(raw: RawChunk, layout: Layout, reasons: list[tuple[Reject, pl.Series]]) -> pl.DataFrame:
    """Return energy_wh, meter_start_wh and meter_mismatch of each row, adding what cannot be read to the reasons."""
    texts = {fact: text_of(raw, layout, fact) for fact in (Field.ENERGY, *_BOTH_METERS)}
    wh = {fact: _watt_hours(text, layout, fact) for fact, text in texts.items()}
    said, metered = bool(layout.names(Field.ENERGY)), all(layout.names(fact) for fact in _BOTH_METERS)
    for fact in [Field.ENERGY, Field.METER_START] if said else _BOTH_METERS:
        reasons.append((Reject.UNREADABLE_ENERGY, texts[fact].is_not_null() & wh[fact].is_null()))
    difference = wh[Field.METER_STOP] - wh[Field.METER_START]
    energy = wh[Field.ENERGY] if said else difference
    mismatch = pl.repeat(value=False, n=raw.frame.height, eager=True)
    if said and metered:
        energy = energy.zip_with(texts[Field.ENERGY].is_not_null(), difference)
        written = sum((_last_digit(texts[fact], layout, fact) for fact in texts), start=pl.Series([1]))
        mismatch = ((wh[Field.ENERGY] - difference).abs() > written).fill_null(value=False)
    return pl.DataFrame({"energy_wh": energy, "meter_start_wh": wh[Field.METER_START], "meter_mismatch": mismatch})


def _watt_hours(text: pl.Series, layout: Layout, fact: Field) -> pl.Series:
    return watt_hours(text, unit=_unit(layout, fact), decimal_sign=layout.decimal_sign or ".")


def _unit(layout: Layout, fact: Field) -> EnergyUnit:
    """Return the unit of a fact: of a meter the one its heading names, of the energy the one that was settled."""
    named = None if fact is Field.ENERGY else next(filter(None, map(unit_of, layout.names(fact))), None)
    return named or layout.energy_unit or EnergyUnit.KWH


def _last_digit(text: pl.Series, layout: Layout, fact: Field) -> pl.Series:
    """Return what one more in the last digit of each number is, in Wh and at least one."""
    decimals = decimals_of(text, decimal_sign=layout.decimal_sign or ".")
    unit = 10 ** _unit(layout, fact).decimals
    digit = pl.DataFrame({"decimals": decimals}).select((unit / 10.0 ** pl.col("decimals")).ceil().cast(pl.Int64))
    return digit.to_series().fill_null(1)
