"""Charging periods of another system as columns.

A period says how much it holds of each dimension; how long it lasts follows from the next one's start. The two rarely
agree to the second, because OCPI writes hours with four decimals (0.36 s): ten minutes are 0.1667 h, which is 600.12 s,
and a step of 600 s would bill twenty minutes. So a duration that fits the instants within 0.0001 h is taken from them;
any other is the received one in whole seconds, and the session is flagged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from billing.domain import money
from billing.domain.columns import (
    HOUR,
    MAX_DURATION,
    MAX_ENERGY,
    MICRO,
    Bools,
    Fault,
    Flag,
    Ints,
    Periods,
    Sessions,
    counts,
    ints,
    owners,
    zone_column,
)

#: 0.0001 h in millionths of a second.
_TOLERANCE: Final = 360_000


def from_periods(
    *,
    start: object,
    end: object,
    zone: str | Sequence[str],
    offsets: object,
    period_start: object,
    energy_mwh: object,
    charging_uh: object = None,
    parking_uh: object = None,
    reserved_uh: object = None,
    min_power: object = None,
    max_power: object = None,
    min_current: object = None,
    max_current: object = None,
    tariff: object = None,
    expired: object = None,
) -> Sessions:
    """Sessions split into periods. Volumes are in millionths: energy of a kWh, durations of an hour, kW, A.

    Periods out of order are sorted and flagged. Power and current are `ABSENT` where there is no reading. `tariff`
    names the tariff of each period by its index, or `NO_TARIFF`.
    """
    begins, ends, bounds = ints(start), ints(end), ints(offsets)
    columns: dict[str, Ints | None] = {
        "start": ints(period_start),
        "energy": ints(energy_mwh),
        "charging_s": _optional(charging_uh),
        "parking_s": _optional(parking_uh),
        "reserved_s": _optional(reserved_uh),
        "min_power": _optional(min_power),
        "max_power": _optional(max_power),
        "min_current": _optional(min_current),
        "max_current": _optional(max_current),
        "tariff": _optional(tariff),
    }
    flags = np.zeros(len(begins), dtype=np.int64)
    owner = owners(bounds)
    _sort(columns, owner, flags)
    lengths = period_lengths(ints(columns["start"]), ends, bounds)
    fault = _faults(begins, ends, bounds, owner, columns, lengths)
    for name in ("charging_s", "parking_s", "reserved_s"):
        columns[name] = _seconds(columns[name], lengths, owner, flags)
    nothing = np.zeros(len(owner), dtype=np.int64)
    for name in ("charging_s", "parking_s"):
        columns[name] = nothing if columns[name] is None else columns[name]
    zones, zone_of = zone_column(zone)
    return Sessions(
        start=begins,
        end=ends,
        charging_end=ends,
        zones=zones,
        zone=zone_of,
        measured=Periods(offsets=bounds, **columns),  # type: ignore[arg-type]  # one dict for ten columns of one type
        expired=None if expired is None else np.asarray(expired, dtype=np.bool_),
        fault=fault,
        flags=flags,
    )


def _optional(values: object) -> Ints | None:
    return None if values is None else ints(values)


def _sort(columns: dict[str, Ints | None], owner: Ints, flags: Ints) -> None:
    """Put each session's periods in order of time."""
    at = ints(columns["start"])
    falls = (at[1:] < at[:-1]) & (owner[1:] == owner[:-1])
    if not falls.any():
        return
    flags[owner[1:][falls]] |= Flag.SORTED
    order = np.lexsort((at, owner))
    columns.update({name: values[order] for name, values in columns.items() if values is not None})


def period_ends(start: Ints, session_end: Ints, offsets: Ints) -> Ints:
    """The end of each period: the next one's start, or the session's end."""
    ends = np.empty(len(start), dtype=np.int64)
    ends[:-1] = start[1:]
    has = counts(offsets) > 0
    ends[offsets[1:][has] - 1] = session_end[has]
    return ends


def period_lengths(start: Ints, session_end: Ints, offsets: Ints) -> Ints:
    """How long each period lasts, in seconds."""
    return period_ends(start, session_end, offsets) - start


def _seconds(hours: Ints | None, lengths: Ints, owner: Ints, flags: Ints) -> Ints | None:
    """Millionths of an hour in whole seconds: those of the instants where the two agree, else the received ones."""
    if hours is None:
        return None
    micros = hours * HOUR
    fits: Bools = np.abs(micros - lengths * MICRO) <= _TOLERANCE
    differs = ~fits & (hours != 0)
    if not differs.any():
        return np.where(fits, lengths, 0) if (hours == 0).any() else lengths
    flags[owner[differs]] |= Flag.TIME_DIFFERS
    rounded = money.divide_half_up(micros, MICRO)
    return np.where(hours == 0, 0, np.where(fits, lengths, rounded))


def _faults(
    start: Ints, end: Ints, offsets: Ints, owner: Ints, columns: dict[str, Ints | None], lengths: Ints
) -> Ints:
    fault = np.zeros(len(start), dtype=np.int64)
    fault[counts(offsets) == 0] = Fault.UNMETERED
    fault[owner[lengths < 0]] = Fault.OUTSIDE_SESSION
    fault[end - start > MAX_DURATION] = Fault.TOO_LARGE
    for name, limit in (
        ("energy", MAX_ENERGY),
        ("charging_s", MAX_DURATION * (MICRO // HOUR)),
        ("parking_s", MAX_DURATION * (MICRO // HOUR)),
        ("reserved_s", MAX_DURATION * (MICRO // HOUR)),
    ):
        values = columns[name]
        if values is None:
            continue
        fault[owner[values > limit]] = Fault.TOO_LARGE
        fault[owner[values < 0]] = Fault.NEGATIVE
    fault[end < start] = Fault.ENDS_BEFORE_START
    return fault
