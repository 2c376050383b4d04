"""What the cells of a fact's columns say, before it is read as a time, a number or a name."""

from functools import reduce

import polars as pl

from charging.ingest.layout import Field, Layout
from charging.ingest.raw import RawChunk
from tenants.bounds import MARK
from tenants.spreadsheets import unguarded

#: A whole day written with a clock: what a database makes of a date.
_MIDNIGHT = r"(?:[T ] ?(?:0{1,2}[:.]00(?:[:.]00(?:[.,]0+)?)?|12:00(?::00)? ?[Aa][Mm])(?: ?(?:Z|[+-]00(?::?00)?))?)$"
#: A date before a clock that stands in a column of its own: spreadsheets and databases put their first day there.
_DATE_BEFORE = r"^\S*\d[./-]\S*[T ](\d{1,2}[:.]\d{2})"
_PART_OF_DAY = r"^0?[.,]\d+$"
_DAY_COUNT = r"^[345]\d{4}(?:[.,]0+)?$"


def text_of(raw: RawChunk, layout: Layout, fact: Field) -> pl.Series:
    """Return the first value of the columns that hold a fact, null where all say nothing."""
    found = _said(raw, layout, fact)
    if not found:
        return pl.repeat(None, n=raw.frame.height, dtype=pl.String, eager=True)
    return reduce(lambda first, other: first.zip_with(first.is_not_null(), other), found)


def time_text(raw: RawChunk, layout: Layout, fact: Field) -> pl.Series:
    """Return the text of a time: one column, or a date joined with a time of day."""
    parts = _said(raw, layout, fact)
    if len(parts) < 2:
        return parts[0]
    date, clock = _date(parts[0]), _clock(parts[1])
    return (date + " " + clock.fill_null("")).str.strip_chars()


def _said(raw: RawChunk, layout: Layout, fact: Field) -> list[pl.Series]:
    """Return what the cells of a fact's columns say, null for nothing."""
    found = []
    for name in layout.names(fact):
        text = bare(raw, name)
        found.append(text.set(text.is_in(list(layout.nothing)), None))
    return found


def bare(raw: RawChunk, name: str) -> pl.Series:
    """Return a column's texts without unseen marks that copying leaves, and without the guard against formulas."""
    column = raw.frame[name]
    if raw.plain:
        return column.str.strip_chars()
    text = column.str.replace_all(MARK, "") if column.str.contains(MARK).any() else column
    return unguarded(text.str.strip_chars())


def _date(texts: pl.Series) -> pl.Series:
    dates = texts.str.replace(_MIDNIGHT, "")
    counted = dates.str.contains(_DAY_COUNT).fill_null(value=False)
    if not counted.any():
        return dates
    days = dates.set(~counted, None).str.extract(r"^(\d{5})", 1).cast(pl.Int32, strict=False)
    return dates.zip_with(~counted, (days - 25_569).cast(pl.Date).dt.strftime("%Y-%m-%d"))


def _clock(texts: pl.Series) -> pl.Series:
    clocks = texts.str.replace(_DATE_BEFORE, "${1}")
    part = clocks.str.contains(_PART_OF_DAY).fill_null(value=False)
    if not part.any():
        return clocks
    days = clocks.set(~part, None).str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    seconds = (days * 86_400).round().cast(pl.Int64, strict=False).clip(0, 86_399)
    return clocks.zip_with(~part, (seconds * 1_000_000_000).cast(pl.Time).dt.strftime("%H:%M:%S"))
