"""When each row begins and ends, when its energy stopped flowing, and whether its lengths of time agree with that."""

import polars as pl

from charging.domain.local_time import UTC_TIME, instants
from charging.domain.reasons import Reject
from charging.ingest.columns import text_of, time_text
from charging.ingest.durations import length_of, precision_of
from charging.ingest.layout import LENGTHS, DateOrder, Field, Layout
from charging.ingest.raw import RawChunk
from charging.ingest.times import TimeReader

#: Times may be cut to whole minutes at both ends.
_SLACK_S = 120
_REASONS = {
    Field.STARTED_AT: (Reject.MISSING_START, Reject.UNREADABLE_START),
    Field.ENDED_AT: (Reject.OPEN_SESSION, Reject.UNREADABLE_END),
}
Reasons = list[tuple[Reject, pl.Series]]


class Spans:
    """Reads the times of one file; remembers their form from chunk to chunk."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._readers = {
            fact: TimeReader(layout.date_order or DateOrder.YMD, layout.time_zone, layout.fold)
            for fact in (Field.STARTED_AT, Field.ENDED_AT, Field.CHARGING_ENDED)
        }

    def read(self, raw: RawChunk, reasons: Reasons) -> pl.DataFrame:
        """Return started_at, ended_at, charging_ended_at, duration_s and duration_mismatch of each row."""
        started = self._times(raw, Field.STARTED_AT, reasons)
        ended = self._ended(raw, started, reasons)
        span = (ended - started).dt.total_seconds()
        told = {fact: length_of(raw, self._layout, fact) for fact in LENGTHS if self._layout.names(fact)}
        mismatch = pl.repeat(value=False, n=raw.frame.height, eager=True)
        for fact, length in told.items():
            slack = precision_of(raw, self._layout, fact) + _SLACK_S
            off = (span - length).abs() if fact is Field.DURATION else length - span
            mismatch |= (off > slack).fill_null(value=False)
        charging = self._charging_ended(raw, started, ended, told)
        if charging is not None:
            slack_us = pl.duration(seconds=_SLACK_S)
            outside = pl.select((charging > ended + slack_us) | (charging < started - slack_us)).to_series()
            mismatch |= outside.fill_null(value=False)
            within = pl.select(pl.max_horizontal(started, pl.min_horizontal(charging, ended))).to_series()
            charging = within.set(mismatch | charging.is_null(), None)
        return pl.DataFrame(
            {
                "started_at": started,
                "ended_at": ended,
                "charging_ended_at": _nothing(raw, UTC_TIME) if charging is None else charging,
                "duration_s": span,
                "duration_mismatch": mismatch,
            }
        )

    def _ended(self, raw: RawChunk, started: pl.Series, reasons: Reasons) -> pl.Series:
        layout = self._layout
        if layout.names(Field.ENDED_AT):
            return self._past_midnight(started, self._times(raw, Field.ENDED_AT, reasons))
        text, length = text_of(raw, layout, Field.DURATION), length_of(raw, layout, Field.DURATION)
        reasons.append((Reject.OPEN_SESSION, text.is_null()))
        reasons.append((Reject.UNREADABLE_END, text.is_not_null() & length.is_null()))
        return _moved(started, length)

    def _past_midnight(self, started: pl.Series, ended: pl.Series) -> pl.Series:
        """Where one date stands for both clocks, an end before its start is of the next day."""
        starts, ends = self._layout.names(Field.STARTED_AT), self._layout.names(Field.ENDED_AT)
        if not (len(starts) == len(ends) == 2 and starts[0] == ends[0]):
            return ended
        where = (ended < started).fill_null(value=False).arg_true()
        if not len(where):
            return ended
        zone = self._layout.time_zone or "UTC"
        local = ended.gather(where).dt.convert_time_zone(zone).dt.replace_time_zone(None).dt.offset_by("1d")
        return ended.scatter(where, instants(local, zone=zone, fold=self._layout.fold).utc)

    def _charging_ended(
        self, raw: RawChunk, started: pl.Series, ended: pl.Series, told: dict[Field, pl.Series]
    ) -> pl.Series | None:
        if self._layout.names(Field.CHARGING_ENDED):
            texts = time_text(raw, self._layout, Field.CHARGING_ENDED)
            return self._readers[Field.CHARGING_ENDED].read(texts).utc
        if Field.IDLE_TIME in told:
            return _moved(ended, -told[Field.IDLE_TIME])
        if Field.CHARGING_TIME in told:
            return _moved(started, told[Field.CHARGING_TIME])
        return None

    def _times(self, raw: RawChunk, fact: Field, reasons: Reasons) -> pl.Series:
        text = time_text(raw, self._layout, fact)
        times = self._readers[fact].read(text)
        missing, unreadable = _REASONS[fact]
        reasons.append((missing, text.is_null()))
        reasons.append((unreadable, times.unreadable))
        reasons.append((Reject.IMPOSSIBLE_LOCAL_TIME, times.impossible))
        reasons.append((Reject.REPEATED_LOCAL_TIME, times.repeated))
        return times.utc


def _moved(times: pl.Series, seconds: pl.Series) -> pl.Series:
    return times + (seconds * 1_000_000).round().cast(pl.Int64, strict=False).cast(pl.Duration("us"))


def _nothing(raw: RawChunk, kind: pl.DataType) -> pl.Series:
    return pl.repeat(None, n=raw.frame.height, dtype=kind, eager=True)
