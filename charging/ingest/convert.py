"""Rows of text into sessions: pure, in columns, one chunk at a time.

`Converter.convert` decides row by row which are sessions and which are not, but never looks at a row by itself: each
rule is one operation on a column, and only rejected rows become Python objects. Nothing is dropped: every row of the
chunk is either in `accepted` or in `rejected`.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Any

import polars as pl

from charging.domain import plausibility
from charging.domain.energy import EnergyUnit, watt_hours
from charging.domain.local_time import UTC_TIME
from charging.domain.plausibility import Limits
from charging.domain.reasons import Reject
from charging.ingest import metered
from charging.ingest.layout import DateOrder, Field, Layout
from charging.ingest.raw import BrokenRow, RawChunk
from charging.ingest.times import ReadTimes, TimeReader
from tenants.bounds import CONTROL, MARK

#: The longest text each fact may have: the width of its column in the database.
LONGEST = {Field.SITE: 150, Field.STATION: 64, Field.CONNECTOR: 20, Field.TOKEN: 64}
_LONGEST_ID, _LONGEST_STOP_REASON = 100, 30
_LARGEST_POWER_W = 100_000_000
# What a rejected row says may be anything; a file of rows of more than this would not add up in 64 bits.
_LARGEST_COUNTED_WH = 10**11

Reasons = list[tuple[Reject, pl.Series]]


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that is no session, with everything known to be wrong with it, the first reason being the gravest.

    facts: what a row says of a session that is known otherwise.
    """

    line: int
    cells: tuple[str, ...]
    reasons: tuple[Reject, ...]
    energy_wh: int | None = None
    facts: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """The sessions of a chunk, in columns (see `Converter`), and the rows that are none."""

    accepted: pl.DataFrame
    rejected: list[Refused]
    rows: int
    last_line: int
    blank_lines: int = 0


class Converter:
    """Turns the chunks of one file into batches. Remembers the form of its times from chunk to chunk.

    Columns of `accepted`: line, external_id, site, station, connector, power_w, token, started_at, ended_at,
    duration_s, energy_wh, meter_start_wh, stop_reason, series_start, series_interval_s, series_wh, series_total_wh.

    layout: fitted to the file, with every question answered. at: now, as nothing may lie later.
    """

    def __init__(self, layout: Layout, *, at: datetime, limits: Limits | None = None) -> None:
        self._layout = layout
        self._limits = limits or Limits()
        self._at = at
        self._starts, self._ends = self._time_reader(), self._time_reader()

    def convert(self, raw: RawChunk) -> Batch:
        """Return the sessions and the refused rows of a chunk."""
        reasons: Reasons = []
        sessions = self._sessions(raw, reasons)
        reasons += plausibility.rejections(sessions, limits=self._limits, at=self._at)
        good = ~_any(reasons, len(sessions))
        reasons.append(self._duplicates(sessions, good))
        good &= ~reasons[-1][1]
        refused = _refused(raw, reasons, sessions["energy_wh"], good)
        return Batch(
            accepted=sessions if good.all() else sessions.filter(good),
            rejected=sorted([*map(_broken, raw.broken), *refused], key=lambda row: row.line),
            rows=raw.rows,
            last_line=raw.last_line,
            blank_lines=raw.blank_lines,
        )

    def _time_reader(self) -> TimeReader:
        layout = self._layout
        return TimeReader(layout.date_order or DateOrder.YMD, layout.time_zone, layout.fold)

    def _sessions(self, raw: RawChunk, reasons: Reasons) -> pl.DataFrame:
        started = self._times(raw, Field.STARTED_AT, self._starts, reasons)
        ended = self._times(raw, Field.ENDED_AT, self._ends, reasons)
        energy, meter_start = self._energy(raw, reasons)
        series = metered.read(raw, self._layout, started=started, ended=ended, reasons=reasons)
        energy = energy.zip_with(energy.is_not_null(), series["series_total_wh"])
        reasons.append((Reject.MISSING_ENERGY, energy.is_null() & ~_any(reasons, len(energy), _ENERGY)))
        facts = pl.DataFrame(
            {
                "line": raw.lines,
                **self._names(raw, reasons),
                "started_at": started,
                "ended_at": ended,
                "duration_s": (ended - started).dt.total_seconds(),
                "energy_wh": energy,
                "meter_start_wh": meter_start,
            }
        )
        return self._with_ids(raw, facts.hstack(series), reasons)

    def _text(self, raw: RawChunk, fact: Field) -> pl.Series:
        """Return the first value of the columns that hold a fact, null where all say nothing."""
        found = [_said(raw.frame[name], self._layout.nothing) for name in self._layout.names(fact)]
        if not found:
            return pl.repeat(None, n=raw.frame.height, dtype=pl.String, eager=True)
        return reduce(lambda first, other: first.zip_with(first.is_not_null(), other), found)

    def _names(self, raw: RawChunk, reasons: Reasons) -> dict[str, pl.Series]:
        layout = self._layout
        site = self._text(raw, Field.SITE).fill_null(layout.default_site or layout.source)
        station = self._text(raw, Field.STATION)
        connector = self._text(raw, Field.CONNECTOR).fill_null(layout.default_connector)
        token = self._text(raw, Field.TOKEN)
        names = {Field.SITE: site, Field.STATION: station, Field.CONNECTOR: connector, Field.TOKEN: token}
        too_long = [(name.str.len_chars() > LONGEST[fact]).fill_null(value=False) for fact, name in names.items()]
        stop_reason = self._text(raw, Field.STOP_REASON)
        reasons.append((Reject.CONTROL_CHARACTER, _unfit([*names.values(), stop_reason])))
        reasons.append((Reject.MISSING_STATION, station.is_null()))
        reasons.append((Reject.NAME_TOO_LONG, reduce(lambda one, other: one | other, too_long)))
        return {
            "site": site,
            "station": station,
            "connector": connector,
            "power_w": _power_w(self._text(raw, Field.POWER)),
            "token": token,
            "stop_reason": stop_reason.str.slice(0, _LONGEST_STOP_REASON).fill_null(""),
        }

    def _times(self, raw: RawChunk, fact: Field, reader: TimeReader, reasons: Reasons) -> pl.Series:
        text = self._time_text(raw, fact)
        times = reader.read(text)
        missing, unreadable = _TIME_REASONS[fact]
        reasons.append((missing, text.is_null()))
        reasons.append((unreadable, times.unreadable))
        _merge(reasons, times)
        return times.utc

    def _time_text(self, raw: RawChunk, fact: Field) -> pl.Series:
        parts = [_said(raw.frame[name], self._layout.nothing) for name in self._layout.names(fact)]
        if len(parts) < 2:
            return parts[0]
        date, clock = parts[0], parts[1]
        date = date.str.replace(r"[T ]00:00(:00)?$", "")
        clock = clock.str.replace(r"^1(899|900)-\d\d-\d\d[T ]", "").fill_null("")
        return (date + " " + clock).str.strip_chars()

    def _energy(self, raw: RawChunk, reasons: Reasons) -> tuple[pl.Series, pl.Series]:
        meter_start = self._number(raw, Field.METER_START, reasons)
        if self._layout.names(Field.ENERGY):
            return self._number(raw, Field.ENERGY, reasons), meter_start
        return self._number(raw, Field.METER_STOP, reasons) - meter_start, meter_start

    def _number(self, raw: RawChunk, fact: Field, reasons: Reasons) -> pl.Series:
        layout, text = self._layout, self._text(raw, fact)
        wh = watt_hours(text, unit=layout.energy_unit or EnergyUnit.KWH, decimal_sign=layout.decimal_sign or ".")
        reasons.append((Reject.UNREADABLE_ENERGY, text.is_not_null() & wh.is_null()))
        return wh

    def _with_ids(self, raw: RawChunk, sessions: pl.DataFrame, reasons: Reasons) -> pl.DataFrame:
        if not self._layout.names(Field.EXTERNAL_ID):
            return sessions.with_columns(external_id=_ids_from_facts(sessions))
        ids = self._text(raw, Field.EXTERNAL_ID)
        reasons.append((Reject.CONTROL_CHARACTER, _unfit([ids])))
        reasons.append((Reject.MISSING_ID, ids.is_null()))
        reasons.append((Reject.ID_TOO_LONG, (ids.str.len_chars() > _LONGEST_ID).fill_null(value=False)))
        return sessions.with_columns(external_id=ids)

    @staticmethod
    def _duplicates(sessions: pl.DataFrame, good: pl.Series) -> tuple[Reject, pl.Series]:
        """Return the good rows whose id an earlier good row of the chunk has."""
        ids = sessions["external_id"]
        if good.all():
            return Reject.DUPLICATE_IN_FILE, ~ids.is_first_distinct()
        where = good.arg_true()
        again = where.filter(~ids.gather(where).is_first_distinct())
        return Reject.DUPLICATE_IN_FILE, pl.repeat(value=False, n=len(ids), eager=True).scatter(again, True)  # noqa: FBT003


_ENERGY = (Reject.UNREADABLE_ENERGY, Reject.UNREADABLE_SERIES)
_TIME_REASONS = {
    Field.STARTED_AT: (Reject.MISSING_START, Reject.UNREADABLE_START),
    Field.ENDED_AT: (Reject.OPEN_SESSION, Reject.UNREADABLE_END),
}


def _said(column: pl.Series, nothing: tuple[str, ...]) -> pl.Series:
    """Return what the cells say, without the marks nobody sees that copying leaves in them."""
    text = column.str.replace_all(MARK, "") if column.str.contains(MARK).any() else column
    text = text.str.strip_chars()
    return text.set(text.is_in(list(nothing)), None)


def _unfit(names: list[pl.Series]) -> pl.Series:
    """Return which rows hold a sign, in any of their names, that no name can have."""
    return reduce(lambda one, other: one | other, [name.str.contains(CONTROL).fill_null(value=False) for name in names])


def _power_w(text: pl.Series) -> pl.Series:
    """Read the power out of a number or a model's name: `"22"`, `"22 kW"`, `"Wallbox 7,4kW dual"`, `"22000"` W.

    More than 100 MW is nobody's station and is taken for something else that was written there.
    """
    if text.null_count() == len(text):
        return text.cast(pl.Int64)
    named = text.str.extract(r"(?i)(\d+(?:[.,]\d+)?)\s*kW", 1)
    bare = text.str.extract(r"^(\d+(?:[.,]\d+)?)$", 1)
    number = named.zip_with(named.is_not_null(), bare).str.replace(",", ".", literal=True)
    watts = watt_hours(number, unit=EnergyUnit.KWH)
    power = watts.zip_with((watts < 1_000_000).fill_null(value=True), watts // 1000)
    return power.set((power > _LARGEST_POWER_W).fill_null(value=False), None)


def _merge(reasons: Reasons, times: ReadTimes) -> None:
    reasons.append((Reject.IMPOSSIBLE_LOCAL_TIME, times.impossible))
    reasons.append((Reject.REPEATED_LOCAL_TIME, times.repeated))


def _any(reasons: Reasons, height: int, only: tuple[Reject, ...] | None = None) -> pl.Series:
    masks = [mask for reason, mask in reasons if only is None or reason in only]
    return reduce(lambda one, other: one | other, masks, pl.repeat(value=False, n=height, eager=True))


def _ids_from_facts(sessions: pl.DataFrame) -> pl.Series:
    """Return an id made of what happened, for files that carry none: the same row gets the same id every time."""
    facts = sessions.select(
        pl.concat_str(
            [pl.col(name).cast(pl.String).fill_null("") for name in ("station", "connector", "token")]
            + [pl.col(name).dt.epoch("s").cast(pl.String).fill_null("") for name in ("started_at", "ended_at")]
            + [pl.col("energy_wh").cast(pl.String).fill_null("")],
            separator="\x1f",
        )
    ).to_series()
    digests = [hashlib.blake2b(fact.encode(), digest_size=16).hexdigest() for fact in facts]
    return pl.Series("external_id", digests, dtype=pl.String)


def _refused(raw: RawChunk, reasons: Reasons, energy_wh: pl.Series, good: pl.Series) -> Iterator[Refused]:
    where = (~good).arg_true()
    if not len(where):
        return
    found = [(reason, mask.gather(where).to_list()) for reason, mask in reasons if mask.any()]
    found.sort(key=lambda entry: _ORDER[entry[0]])
    cells, lines = raw.frame[where].iter_rows(), raw.lines.gather(where)
    energies = energy_wh.gather(where)
    for at, (line, row, energy) in enumerate(zip(lines, cells, energies, strict=True)):
        codes = dict.fromkeys(reason for reason, mask in found if mask[at])
        believable = energy is not None and abs(energy) <= _LARGEST_COUNTED_WH
        yield Refused(line, row, tuple(codes), energy if believable else None)


def _broken(row: BrokenRow) -> Refused:
    return Refused(row.line, row.cells, (row.reason,))


_ORDER = {reason: rank for rank, reason in enumerate(Reject)}

__all__ = ["LONGEST", "UTC_TIME", "Batch", "Converter", "Refused"]
