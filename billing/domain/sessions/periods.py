"""Charging periods of another system as columns.

A period says how much it holds of each dimension, and that is what is billed: the sender's own statement, to the last
digit. How long a period lasts follows from the next one's start as well, and the two rarely agree to the second,
because OCPI writes hours with four decimals (0.36 s). Where they differ by more than that, the session is flagged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from billing.domain.arrays import Ints, counts, ints, owners
from billing.domain.sessions.columns import (
    MAX_DURATION,
    MAX_ENERGY,
    TICKS,
    TICKS_PER_MICROHOUR,
    Fault,
    Flag,
    Periods,
    Sessions,
    zone_column,
)

#: 0.0001 h in ticks.
_TOLERANCE: Final = 100 * TICKS_PER_MICROHOUR
#: `MAX_DURATION` in millionths of an hour, roughly.
_MAX_MICROHOURS: Final = MAX_DURATION * 278


def from_periods(  # noqa: PLR0913  # one argument a column
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
    """Sessions split into periods. Volumes are in millionths: of a kWh, an hour, a kW, an ampere.

    Periods out of order are sorted and flagged. Power and current are `ABSENT` where there is no reading. `tariff`
    names the tariff of each period by its index, or `NO_TARIFF`.
    """
    begins, ends, bounds = ints(start), ints(end), ints(offsets)
    columns: dict[str, Ints | None] = {
        "start": ints(period_start),
        "energy": ints(energy_mwh),
        "charging": _optional(charging_uh),
        "parking": _optional(parking_uh),
        "reserved": _optional(reserved_uh),
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
    for name in ("charging", "parking", "reserved"):
        columns[name] = _ticks(columns[name], lengths, owner, flags)
    nothing = np.zeros(len(owner), dtype=np.int64)
    for name in ("charging", "parking"):
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


def _ticks(microhours: Ints | None, lengths: Ints, owner: Ints, flags: Ints) -> Ints | None:
    """Durations in ticks; sessions are flagged where one does not fit the instants of its period."""
    if microhours is None:
        return None
    ticks = microhours * TICKS_PER_MICROHOUR
    by_clock = lengths * TICKS
    differs = np.abs(ticks - by_clock) > _TOLERANCE
    differs &= ticks != 0
    if differs.any():
        flags[owner[differs]] |= Flag.TIME_DIFFERS
    return ticks


def _faults(start: Ints, end: Ints, offsets: Ints, owner: Ints, columns: dict[str, Ints | None], lengths: Ints) -> Ints:
    fault = np.zeros(len(start), dtype=np.int64)
    fault[counts(offsets) == 0] = Fault.UNMETERED
    fault[owner[lengths < 0]] = Fault.OUTSIDE_SESSION
    fault[end - start > MAX_DURATION] = Fault.TOO_LARGE
    for name, limit in (
        ("energy", MAX_ENERGY),
        ("charging", _MAX_MICROHOURS),
        ("parking", _MAX_MICROHOURS),
        ("reserved", _MAX_MICROHOURS),
    ):
        values = columns[name]
        if values is None:
            continue
        fault[owner[values > limit]] = Fault.TOO_LARGE
        fault[owner[values < 0]] = Fault.NEGATIVE
    fault[end < start] = Fault.ENDS_BEFORE_START
    return fault
