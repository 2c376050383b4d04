"""Rows of text into sessions: pure, in columns, one chunk at a time.

`Converter.convert` decides row by row which are sessions and which are not, but never looks at a row by itself: each
rule is one operation on a column, and only rejected rows become Python objects. Nothing is dropped: every row of the
chunk is either in `accepted` or in `rejected`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Any

import polars as pl

from charging.domain import plausibility
from charging.domain.energy import EnergyUnit, watt_hours
from charging.domain.identifiers import is_damaged, is_no_card
from charging.domain.limits import Limits
from charging.domain.local_time import UTC_TIME
from charging.domain.reasons import Reject
from charging.ingest import energies, identity, metered
from charging.ingest.columns import text_of
from charging.ingest.damaged_text import LOST
from charging.ingest.layout import Field, Layout
from charging.ingest.raw import BrokenRow, RawChunk
from charging.ingest.spans import Spans
from tenants.bounds import CONTROL

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

    Columns of `accepted`: line, external_id, given_id, site, station, connector, power_w, token, started_at, ended_at,
    charging_ended_at, duration_s, energy_wh, meter_start_wh, stop_reason, series_start, series_interval_s, series_wh,
    series_total_wh, and whether facts of one row contradict each other: meter_mismatch, duration_mismatch.

    layout: fitted to the file, with every question answered. at: now, as nothing may lie later.
    """

    def __init__(self, layout: Layout, *, at: datetime, limits: Limits | None = None) -> None:
        self._layout = layout
        self._limits = limits or Limits()
        self._at = at
        self._spans = Spans(layout)

    def convert(self, raw: RawChunk) -> Batch:
        """Return the sessions and the refused rows of a chunk."""
        reasons: Reasons = []
        sessions = self._sessions(raw, reasons)
        reasons += plausibility.rejections(sessions, limits=self._limits, at=self._at)
        good = ~_any(reasons, len(sessions))
        sessions, again = _told_apart(sessions, good)
        reasons.append((Reject.DUPLICATE_IN_FILE, again))
        good &= ~again
        refused = _refused(raw, reasons, sessions["energy_wh"], good)
        return Batch(
            accepted=sessions if good.all() else sessions.filter(good),
            rejected=sorted([*map(_broken, raw.broken), *refused], key=lambda row: row.line),
            rows=raw.rows,
            last_line=raw.last_line,
            blank_lines=raw.blank_lines,
        )

    def _sessions(self, raw: RawChunk, reasons: Reasons) -> pl.DataFrame:
        spans = self._spans.read(raw, reasons)
        energy = energies.read(raw, self._layout, reasons)
        started, ended = spans["started_at"], spans["ended_at"]
        series = metered.read(raw, self._layout, started=started, ended=ended, reasons=reasons)
        wh = energy["energy_wh"].zip_with(energy["energy_wh"].is_not_null(), series["series_total_wh"])
        reasons.append((Reject.MISSING_ENERGY, wh.is_null() & ~_any(reasons, len(wh), _ENERGY)))
        names = pl.DataFrame({"line": raw.lines, **self._names(raw, reasons)})
        return self._with_ids(
            raw, pl.concat([names, spans, energy.with_columns(wh), series], how="horizontal"), reasons
        )

    def _text(self, raw: RawChunk, fact: Field) -> pl.Series:
        return text_of(raw, self._layout, fact)

    def _names(self, raw: RawChunk, reasons: Reasons) -> dict[str, pl.Series]:
        layout = self._layout
        site = self._text(raw, Field.SITE).fill_null(layout.default_site or layout.source)
        station = self._text(raw, Field.STATION)
        station = station.fill_null(layout.default_station) if layout.default_station else station
        connector = self._text(raw, Field.CONNECTOR).fill_null(layout.default_connector)
        token = self._text(raw, Field.TOKEN)
        token = token.set(is_no_card(token), None)
        names = {Field.SITE: site, Field.STATION: station, Field.CONNECTOR: connector, Field.TOKEN: token}
        too_long = [(name.str.len_chars() > LONGEST[fact]).fill_null(value=False) for fact, name in names.items()]
        stop_reason = self._text(raw, Field.STOP_REASON)
        reasons.append((Reject.CONTROL_CHARACTER, _unfit(raw, [*names.values(), stop_reason])))
        reasons.append((Reject.LOST_SIGN, _unfit(raw, [*names.values()], LOST)))
        reasons.append((Reject.DAMAGED_IDENTIFIER, is_damaged(token) | is_damaged(station)))
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

    def _with_ids(self, raw: RawChunk, sessions: pl.DataFrame, reasons: Reasons) -> pl.DataFrame:
        ids = self._text(raw, Field.EXTERNAL_ID)
        reasons.append((Reject.CONTROL_CHARACTER, _unfit(raw, [ids])))
        reasons.append((Reject.DAMAGED_IDENTIFIER, is_damaged(ids)))
        reasons.append((Reject.ID_TOO_LONG, (ids.str.len_chars() > _LONGEST_ID).fill_null(value=False)))
        without = ids.is_null().arg_true()
        if len(without):
            ids = ids.scatter(without, identity.from_facts(sessions[without]))
        return sessions.with_columns(external_id=ids, given_id=ids)


_ENERGY = (Reject.UNREADABLE_ENERGY, Reject.UNREADABLE_SERIES)


def _told_apart(sessions: pl.DataFrame, good: pl.Series) -> tuple[pl.DataFrame, pl.Series]:
    """Return the sessions with an id each, and which of the good rows say an earlier one's session again."""
    where = good.arg_true()
    again, another = identity.repeated(sessions if good.all() else sessions[where])
    twice = pl.repeat(value=False, n=sessions.height, eager=True).scatter(where.filter(again), values=True)
    others = where.filter(another)
    if len(others):
        ids = sessions["external_id"].scatter(others, identity.told_apart(sessions[others]))
        sessions = sessions.with_columns(external_id=ids)
    return sessions, twice


def _unfit(raw: RawChunk, names: list[pl.Series], signs: str = CONTROL) -> pl.Series:
    """Return which rows hold a sign, in any of their names, that no name can have."""
    if raw.plain:
        return pl.repeat(value=False, n=raw.frame.height, eager=True)
    return reduce(lambda one, other: one | other, [name.str.contains(signs).fill_null(value=False) for name in names])


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


def _any(reasons: Reasons, height: int, only: tuple[Reject, ...] | None = None) -> pl.Series:
    masks = [mask for reason, mask in reasons if only is None or reason in only]
    return reduce(lambda one, other: one | other, masks, pl.repeat(value=False, n=height, eager=True))


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
