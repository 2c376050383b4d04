"""Written lengths of time into seconds: `1:54:03`, `3h21m5s`, `PT2H30M`, or a number whose unit something else says.

The unit of a bare number is said by its heading, or proved: the length of a session must fit between its start and its
end. Where neither does, the column is left alone.
"""

from dataclasses import replace
from typing import Final

import polars as pl

from charging.ingest.columns import text_of, time_text
from charging.ingest.headers import duration_unit_of
from charging.ingest.layout import LENGTHS, DateOrder, DurationUnit, Field, Layout
from charging.ingest.raw import RawChunk
from charging.ingest.times import TimeReader

_DAYS: Final = r"(?:(\d+)(?:\.| ?(?:d|days?|dagar|dage|tage?|jours?|giorni|dagen|días|pv)\.?,? ?))?"
_DAYS_AND_CLOCK: Final = rf"^{_DAYS}(\d{{1,4}}):(\d{{2}})(?::(\d{{2}})(?:[.,]\d+)?)?$"
_IN_WORDS: Final = (
    r"^(?:pt?)?(?:(\d+) ?(?:d|days?|dagar|dage|tage?)[a-z]*\.? ?t?)?(?:(\d+) ?(?:h|t|st|u)[a-zäåö]*\.? ?)?"
    r"(?:(\d+) ?m[a-z]*\.? ?)?(?:(\d+)(?:[.,]\d+)? ?s[a-z]*\.?)?$"
)
_BARE: Final = r"^\d+(?:[.,]\d+)?$"
#: So much of a sample must fit, to this many seconds, before a unit is taken for proved.
_MOST, _NEAR_S = 0.7, 90
_LOOKED_AT = 2_000


def seconds_of(texts: pl.Series, unit: DurationUnit | None, *, bare: bool = False) -> pl.Series:
    """Return seconds (Float64), null where a text is none; of a bare number only if its unit is known.

    bare: take a number without a unit as seconds, to see whether it is a number.
    """
    plain = texts.str.strip_chars().str.to_lowercase()
    clock = plain.str.extract_groups(_DAYS_AND_CLOCK).struct.unnest().cast(pl.Int64, strict=False)
    told = plain.str.extract_groups(_IN_WORDS).struct.unnest().cast(pl.Int64, strict=False)
    said = plain.str.contains(r"\d ?[a-z]") & plain.str.contains(_IN_WORDS)
    number = plain.set(~plain.str.contains(_BARE).fill_null(value=False), None).str.replace(",", ".", literal=True)
    factor = unit.seconds if unit else 1.0 if bare else None
    return pl.select(
        pl.coalesce(
            _sum(clock),
            pl.when(said).then(_sum(told, every=False)),
            number.cast(pl.Float64, strict=False) * pl.lit(factor, dtype=pl.Float64),
        )
    ).to_series()


def tells_its_unit(values: pl.Series) -> bool:
    """Whether the texts are more than bare numbers, so that no unit is needed."""
    return bool(len(values)) and seconds_of(values, None).null_count() < len(values) / 2


def unit_for(layout: Layout, fact: Field) -> DurationUnit | None:
    """Return the unit of a fact's bare numbers: its heading's, or the one that was proved for the file."""
    return next(filter(None, map(duration_unit_of, layout.names(fact))), layout.duration_unit)


def length_of(raw: RawChunk, layout: Layout, fact: Field) -> pl.Series:
    """Return a length of each row in seconds, null where there is none."""
    return seconds_of(text_of(raw, layout, fact), unit_for(layout, fact))


def precision_of(raw: RawChunk, layout: Layout, fact: Field) -> pl.Series:
    """Return by how many seconds a length may be off for the way it is written: its last digit."""
    text, unit = text_of(raw, layout, fact), unit_for(layout, fact)
    bare = text.str.contains(_BARE)
    digits = text.str.extract(r"[.,](\d+)$", 1).str.len_chars().fill_null(0).cast(pl.Float64)
    of_number = pl.select((10.0 ** (-digits)) * (unit.seconds if unit else 1.0)).to_series()
    to_minutes = text.str.contains(r"^\d+:\d{2}$") | text.str.contains(r"(?i)m[a-z]*\.?$")
    of_text = pl.select(pl.when(to_minutes).then(60.0).otherwise(1.0)).to_series()
    return of_number.zip_with(bare.fill_null(value=False), of_text)


def proved_order(layout: Layout, sample: RawChunk, orders: list[DateOrder]) -> DateOrder | None:
    """Return the one order of dates in which the sessions of the sample last as long as their length says."""
    if not (layout.names(Field.DURATION) and layout.names(Field.ENDED_AT) and layout.names(Field.STARTED_AT)):
        return None
    fitting = []
    for order in orders:
        span, length = _spans(replace(layout, date_order=order), sample, Field.DURATION)
        known = span.is_not_null() & length.is_not_null()
        near = (span - length * (unit_for(layout, Field.DURATION) or DurationUnit.SECONDS).seconds).abs() <= _NEAR_S
        if known.any() and (near | ~known).all():
            fitting.append(order)
    return fitting[0] if len(fitting) == 1 else None


def fits_the_session(layout: Layout, sample: RawChunk) -> bool:
    """Whether the length called that of the session is it, rather than the time that was spent charging."""
    if not (layout.names(Field.DURATION) and layout.names(Field.ENDED_AT)) or unit_for(layout, Field.DURATION) is None:
        return True
    span, number = _spans(layout, sample, Field.DURATION)
    off = (span - number * (unit_for(layout, Field.DURATION) or DurationUnit.SECONDS).seconds).drop_nulls()
    return not len(off) or int((off.abs() <= _NEAR_S).sum()) * 2 >= len(off)


def proved_unit(layout: Layout, sample: RawChunk) -> DurationUnit | None:
    """Return the unit in which the lengths of the first sessions fit their start and end, if one does."""
    fact = next((fact for fact in LENGTHS if layout.names(fact) and unit_for(layout, fact) is None), None)
    if fact is None or not layout.names(Field.ENDED_AT) or not layout.names(Field.STARTED_AT):
        return None
    length_fact = Field.DURATION if layout.names(Field.DURATION) else fact
    span, number = _spans(layout, sample, length_fact)
    facts = pl.DataFrame({"span": span, "number": number}).drop_nulls()
    facts = facts.filter((pl.col("span") > _NEAR_S) & (pl.col("number") > 0))
    if facts.height < 1:
        return None
    for unit in DurationUnit:
        off = (facts["span"] - facts["number"] * unit.seconds).abs()
        if int((off <= _NEAR_S + 0.01 * unit.seconds).sum()) >= _MOST * facts.height:
            return unit
    return None


def _spans(layout: Layout, sample: RawChunk, fact: Field) -> tuple[pl.Series, pl.Series]:
    """Return how long the first sessions lasted, and what their length says, a bare number as it is."""
    first = sample.head(_LOOKED_AT)
    reader = TimeReader(layout.date_order or DateOrder.YMD, layout.time_zone or "UTC", layout.fold)
    start, end = (reader.read(time_text(first, layout, time)).utc for time in (Field.STARTED_AT, Field.ENDED_AT))
    number = seconds_of(text_of(first, layout, fact), DurationUnit.SECONDS)
    return (end - start).dt.total_seconds().cast(pl.Float64), number


def _sum(parts: pl.DataFrame, *, every: bool = True) -> pl.Series:
    days, hours, minutes, seconds = (pl.col(name) for name in parts.columns)
    total = days.fill_null(0) * 86_400 + hours.fill_null(0) * 3_600 + minutes.fill_null(0) * 60 + seconds.fill_null(0)
    there = minutes.is_not_null() if every else pl.any_horizontal(pl.all().is_not_null())
    return parts.select(pl.when(there).then(total).cast(pl.Float64)).to_series()
