"""Physics before money: which facts cannot be a session, and which deserve a look.

Works on columns. `rejections` and `flags` return one boolean column per code, true where it applies, false where a
fact it needs is missing (that has a code of its own). The limits are generous on purpose: a rejected row costs
somebody a correction, a flagged one a click, a wrong one an invoice.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar

import polars as pl

from charging.domain.limits import Limits
from charging.domain.reasons import Flag, Reject

Code = TypeVar("Code", bound=StrEnum)

#: No clock of a charging station has been right before this.
FIRST_BELIEVABLE = datetime(2000, 1, 1, tzinfo=UTC)


def rejections(sessions: pl.DataFrame, *, limits: Limits, at: datetime) -> Iterator[tuple[Reject, pl.Series]]:
    """Yield each code with the rows it rejects.

    sessions: `started_at`, `ended_at` (UTC), `duration_s`, `energy_wh`; nulls allowed.
    """
    early, late = pl.lit(FIRST_BELIEVABLE), pl.lit(at + limits.future_slack)
    start, end, energy = pl.col("started_at"), pl.col("ended_at"), pl.col("energy_wh")
    impossible = energy > limits.most_wh(limits.largest_w, pl.col("duration_s"))
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

    sessions: `duration_s`, `energy_wh`, `max_power_w` (null: not known), `series_total_wh` (null: no series), `plug_w`
    (what no plug of its kind gives) where that is looked up, and, where the source could contradict itself,
    `meter_mismatch` and `duration_mismatch`.
    """
    energy, unknown = pl.col("energy_wh"), pl.col("max_power_w").is_null()
    contradictions = {Flag.METER_MISMATCH: "meter_mismatch", Flag.DURATION_MISMATCH: "duration_mismatch"}
    above = energy > limits.most_wh(pl.col("max_power_w"), pl.col("duration_s"))
    if "plug_w" in sessions.columns:
        above |= (energy > limits.most_wh(pl.col("plug_w"), pl.col("duration_s"))).fill_null(value=False)
    in_vain = limits.is_in_vain(energy, pl.col("duration_s"))
    too_much = (energy > limits.unknown_wh) | (average_w() > limits.unknown_w)
    yield from _columns(
        sessions,
        {
            Flag.ZERO_ENERGY: (energy == 0) & ~in_vain,
            Flag.NO_CHARGE: in_vain,
            Flag.NO_TIME: (energy > 0) & (pl.col("duration_s") == 0),
            Flag.VERY_LONG: pl.col("duration_s") > limits.long_s,
            Flag.ABOVE_POWER: above | (unknown & too_much),
            Flag.SERIES_MISMATCH: (pl.col("series_total_wh") - energy).abs() > limits.series_tolerance_wh,
            **{flag: pl.col(name) for flag, name in contradictions.items() if name in sessions.columns},
        },
    )


def average_w() -> pl.Expr:
    """The average power of a session, with a minute for times cut to whole ones."""
    return pl.col("energy_wh") * 3600 / (pl.col("duration_s") + 60)


def neighbours(sessions: pl.DataFrame, *, limits: Limits) -> Iterator[tuple[Flag, pl.Series]]:
    """Yield what only the sessions of one connector together show, beside overlaps.

    sessions: `connector_id`, `started_at`, `ended_at`, `duration_s`, `energy_wh`, `max_power_w`, `usual_w` (what the
    connector usually gave before; null: not known), in any order; the answers keep that order.
    """
    energy, before = pl.col("energy_wh"), pl.col("energy_wh").shift(1).over("connector_id")
    ordered = sessions.with_row_index("row").sort("connector_id", "started_at").with_columns(average_w=average_w())
    soon = (pl.col("started_at") - pl.col("ended_at").shift(1).over("connector_id")).dt.total_seconds()
    near = (energy >= before) & (energy - before <= before * limits.repeat_percent / 100) & (energy > limits.repeat_wh)
    found = ordered.select(
        "row",
        "connector_id",
        "average_w",
        "energy_wh",
        "max_power_w",
        "usual_w",
        near=(near & soon.is_between(-limits.overlap_s, limits.repeat_within_s)).fill_null(value=False),
        grows=(energy > before).fill_null(value=False),
    ).with_columns(run=(~pl.col("near")).cum_sum(), climb=(~pl.col("grows")).cum_sum())
    least = pl.col("average_w").min().over("run")
    repeated = pl.col("near") & (pl.col("average_w") > 2 * least)
    much = (pl.col("average_w") > limits.alternating_w) | (energy > limits.growing_wh)
    climbing = pl.col("grows") & (pl.len().over("climb") >= limits.growing) & much
    usual = pl.max_horizontal(
        "usual_w",
        pl.when(pl.len().over("connector_id") >= limits.usual_of).then(
            pl.col("average_w").quantile(0.8, "lower").over("connector_id")
        ),
    )
    unusual = (pl.col("average_w") > usual * limits.usual_times) & (pl.col("average_w") > limits.usual_from_w)
    flags = found.select(
        "row", repeated=repeated | climbing, unusual=(unusual & pl.col("max_power_w").is_null()).fill_null(value=False)
    ).sort("row")
    yield Flag.REPEATED_ENERGY, flags["repeated"]
    yield Flag.ABOVE_USUAL, flags["unusual"]


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
