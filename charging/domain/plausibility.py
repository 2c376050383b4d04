"""Physics before money: which facts cannot be a session, and which deserve a look.

Works on columns. `rejections` and `flags` return one boolean column per code, true where it applies, false where a
fact it needs is missing (that has a code of its own). The limits are generous on purpose: a rejected row costs
somebody a correction, a flagged one a click, a wrong one an invoice.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeVar

import polars as pl

from charging.domain.reasons import Flag, Reject

Code = TypeVar("Code", bound=StrEnum)

#: No clock of a charging station has been right before this.
FIRST_BELIEVABLE = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Limits:
    """Where impossible and unusual begin.

    `slack_s` pays for times cut to whole minutes at both ends; `future_slack` for clocks that run ahead.
    """

    largest_wh: int = 1_000_000
    largest_w: int = 600_000
    power_tolerance_percent: int = 10
    slack_s: int = 120
    long_s: int = 24 * 3600
    idle_s: int = 3600
    overlap_s: int = 60
    series_tolerance_wh: int = 1
    future_slack: timedelta = timedelta(hours=1)

    def most_wh(self, power_w: pl.Expr) -> pl.Expr:
        """Energy that `power_w` can deliver in `duration_s`, with both tolerances."""
        allowed_s = pl.col("duration_s") + self.slack_s
        return power_w * allowed_s * (100 + self.power_tolerance_percent) / 360_000


def rejections(sessions: pl.DataFrame, *, limits: Limits, at: datetime) -> Iterator[tuple[Reject, pl.Series]]:
    """Yield each code with the rows it rejects.

    sessions: `started_at`, `ended_at` (UTC), `duration_s`, `energy_wh`; nulls allowed.
    """
    early, late = pl.lit(FIRST_BELIEVABLE), pl.lit(at + limits.future_slack)
    start, end, energy = pl.col("started_at"), pl.col("ended_at"), pl.col("energy_wh")
    impossible = energy > limits.most_wh(pl.lit(limits.largest_w))
    yield from _columns(
        sessions,
        {
            Reject.CLOCK_NOT_SET: (start < early) | (end < early),
            Reject.FUTURE_DATE: (start > late) | (end > late),
            Reject.END_BEFORE_START: pl.col("duration_s") < 0,
            Reject.NEGATIVE_ENERGY: energy < 0,
            Reject.ABSURD_ENERGY: energy > limits.largest_wh,
            Reject.IMPOSSIBLE_POWER: impossible & (energy <= limits.largest_wh) & (pl.col("duration_s") >= 0),
        },
    )


def flags(sessions: pl.DataFrame, *, limits: Limits) -> Iterator[tuple[Flag, pl.Series]]:
    """Yield each code with the sessions it flags, except overlaps: see `overlaps`.

    sessions: `duration_s`, `energy_wh`, `max_power_w` (null: not known), `series_total_wh` (null: no series).
    """
    energy = pl.col("energy_wh")
    yield from _columns(
        sessions,
        {
            Flag.ZERO_ENERGY: (energy == 0) & (pl.col("duration_s") > limits.idle_s),
            Flag.VERY_LONG: pl.col("duration_s") > limits.long_s,
            Flag.ABOVE_POWER: energy > limits.most_wh(pl.col("max_power_w")),
            Flag.SERIES_MISMATCH: (pl.col("series_total_wh") - energy).abs() > limits.series_tolerance_wh,
        },
    )


def overlaps(sessions: pl.DataFrame, *, limits: Limits) -> pl.Series:
    """Return true for each session that starts while an earlier one on the same connector still runs.

    sessions: `connector_id`, `started_at`, `ended_at`, in any order; the answer keeps that order.
    """
    ordered = sessions.with_row_index("row").sort("connector_id", "started_at", "ended_at")
    taken_until = pl.col("ended_at").cum_max().shift(1).over("connector_id")
    overlap = (taken_until - pl.col("started_at")) > pl.duration(seconds=limits.overlap_s)
    return ordered.select("row", overlap.fill_null(value=False).alias("overlap")).sort("row")["overlap"]


def _columns(sessions: pl.DataFrame, rules: dict[Code, pl.Expr]) -> Iterator[tuple[Code, pl.Series]]:
    found = sessions.select(rule.fill_null(value=False).alias(str(code)) for code, rule in rules.items())
    return zip(rules, found.iter_columns(), strict=True)
