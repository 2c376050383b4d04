"""Metered series inside a row: steps of energy, or readings of a register at instants.

Steps stand in `series_wh` (a JSON list, or whole numbers apart by spaces, commas or semicolons), with the length of a
step in `series_interval_s` and the first instant in `series_start` (the start of the session if empty). Readings stand
in `readings` as JSON, `[[instant, register in Wh], …]`, instants in ISO text or seconds since 1970.
"""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import polars as pl

from charging.domain.errors import ChargingError
from charging.domain.local_time import UTC_TIME
from charging.domain.meter import MOST_STEPS, Series, from_register
from charging.domain.reasons import Reject
from charging.ingest.layout import DateOrder, Field, Layout
from charging.ingest.raw import RawChunk
from charging.ingest.times import TimeReader

_LARGEST_STEP_WH = 1_000_000
_LARGEST_REGISTER_WH = 10**15
_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "series_start": UTC_TIME,
    "series_interval_s": pl.Int64,
    "series_wh": pl.List(pl.Int64),
    "series_total_wh": pl.Int64,
}


def read(
    raw: RawChunk, layout: Layout, *, started: pl.Series, ended: pl.Series, reasons: list[tuple[Reject, pl.Series]]
) -> pl.DataFrame:
    """Return the series of each row, null where there is none, adding `UNREADABLE_SERIES` where one cannot be used."""
    if layout.names(Field.SERIES_WH):
        series, said = _steps(raw, layout, started)
    elif layout.names(Field.READINGS):
        series, said = _readings(raw, layout)
    else:
        return pl.DataFrame(
            {name: pl.repeat(None, n=raw.frame.height, dtype=kind, eager=True) for name, kind in _SCHEMA.items()}
        )
    good = _usable(series, started, ended)
    reasons.append((Reject.UNREADABLE_SERIES, said & ~good))
    return series.with_columns(pl.when(good).then(pl.col(name)).otherwise(None).alias(name) for name in _SCHEMA)


def _steps(raw: RawChunk, layout: Layout, started: pl.Series) -> tuple[pl.DataFrame, pl.Series]:
    text = raw.frame[layout.names(Field.SERIES_WH)[0]].str.strip_chars("[] ")
    said = ~text.is_in(list(layout.nothing))
    numbers = text.set(~said, None).str.replace_all(r"[,;\s]+", " ").str.split(" ")
    wh = numbers.list.eval(pl.element().cast(pl.Int64, strict=False))
    interval = _column(raw, layout, Field.SERIES_INTERVAL).str.strip_chars().cast(pl.Int64, strict=False)
    reader = TimeReader(layout.date_order or DateOrder.YMD, layout.time_zone, layout.fold)
    start_text = _column(raw, layout, Field.SERIES_START).str.strip_chars()
    start = reader.read(start_text.set(start_text.is_in(list(layout.nothing)), None)).utc
    series = pl.DataFrame(
        {
            "series_start": start.zip_with(start.is_not_null(), started),
            "series_interval_s": interval,
            "series_wh": wh,
            "series_total_wh": wh.list.sum().set(~said, None),
        }
    )
    return series, said


def _readings(raw: RawChunk, layout: Layout) -> tuple[pl.DataFrame, pl.Series]:
    texts = raw.frame[layout.names(Field.READINGS)[0]].str.strip_chars()
    said = ~texts.is_in([*layout.nothing, "[]"])
    zone = ZoneInfo(layout.time_zone) if layout.time_zone else UTC
    found = [_series_of(text, zone) if there else None for text, there in zip(texts, said, strict=True)]
    columns: dict[str, list[Any]] = {
        "series_start": [one and one.start for one in found],
        "series_interval_s": [one and one.interval_s for one in found],
        "series_wh": [one and list(one.wh) for one in found],
        "series_total_wh": [one and one.total_wh for one in found],
    }
    return pl.DataFrame(columns, schema=_SCHEMA), said


def _column(raw: RawChunk, layout: Layout, fact: Field) -> pl.Series:
    names = layout.names(fact)
    if not names:
        return pl.repeat(None, n=raw.frame.height, dtype=pl.String, eager=True)
    return raw.frame[names[0]]


def _series_of(text: str, zone: Any) -> Series | None:
    try:
        found = orjson.loads(text)
        if len(found) > MOST_STEPS + 1:
            return None
        readings = [(_instant(when, zone), _register(said)) for when, said in found]
        return from_register(readings)
    except (ChargingError, ValueError, TypeError, OverflowError, OSError):
        return None


def _register(said: Any) -> int:
    register: int = round(said)
    if abs(register) > _LARGEST_REGISTER_WH:
        raise ValueError(said)
    return register


def _instant(when: Any, zone: Any) -> datetime:
    if isinstance(when, int | float):
        return datetime.fromtimestamp(when, UTC)
    said = datetime.fromisoformat(when)
    return (said if said.tzinfo else said.replace(tzinfo=zone)).astimezone(UTC)


def _usable(series: pl.DataFrame, started: pl.Series, ended: pl.Series) -> pl.Series:
    """Return which series are whole numbers, not negative, not endless, and within their session to a step."""
    steps, wh = pl.col("series_wh").list.len(), pl.col("series_wh")
    interval = pl.col("series_interval_s")
    step, first = pl.duration(seconds=interval), pl.col("series_start")
    last = first + pl.duration(seconds=interval * steps.cast(pl.Int64))
    return (
        series.with_columns(started=started, ended=ended)
        .select(
            (
                steps.is_between(1, MOST_STEPS)
                & ~wh.list.eval(pl.element().is_null()).list.any()
                & (wh.list.min() >= 0)
                & (wh.list.max() <= _LARGEST_STEP_WH)
                & interval.is_between(1, 86_400)
                & (first > pl.col("started") - step)
                & (last < pl.col("ended") + step)
            ).fill_null(value=False)
        )
        .to_series()
    )
