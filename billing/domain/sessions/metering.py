"""Our own meters as columns: fixed slots of Wh, or nothing but a session's total.

Both become `Readings`: energy counted since the start of the session, at instants inside it. Nothing here lets
energy get lost: what a slot counted before the plug or after the unplug is moved to the edge of the session, and when
the session's own total is more than its readings show, the rest is taken as drawn evenly until charging ended and
flagged. A session with neither readings nor a total is `UNMETERED`; it is never free.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from billing.domain.arrays import Ints, counts, ints, offsets_of, owners, running, within
from billing.domain.sessions.columns import (
    ABSENT,
    MAX_DURATION,
    MAX_ENERGY,
    MWH_PER_WH,
    Fault,
    Flag,
    Readings,
    Sessions,
    zone_column,
)

SLOT_S: Final = 900


def from_slots(  # noqa: PLR0913  # one argument a column
    *,
    start: object,
    end: object,
    zone: str | Sequence[str],
    slots_from: object,
    wh: object,
    offsets: object,
    slot_s: int = SLOT_S,
    charging_end: object = None,
    energy_wh: object = None,
    meter_start_wh: object = None,
    tariff: object = None,
) -> Sessions:
    """Sessions metered in slots of equal length.

    `slots_from` is the instant at which each session's first slot begins (it may lie before the plug), `wh` the energy
    of every slot in Wh, `offsets` where each session's slots begin in it. `energy_wh` is the session's own total, or
    `ABSENT`; `charging_end` ends charging, or `ABSENT` for "until the end". A session may have no slots.
    """
    begins, stops, slots = ints(start), ints(end), ints(offsets)
    lengths = counts(slots)
    each = ints(wh) * MWH_PER_WH
    at = np.repeat(ints(slots_from), lengths) + (within(slots) + 1) * slot_s
    energy = running(each, slots) + each
    charged = stops if charging_end is None else _default(ints(charging_end), stops)
    total = np.full(len(begins), ABSENT) if energy_wh is None else ints(energy_wh)
    fault = _faults(begins, stops, charged, slots, energy, total)
    fault[(lengths == 0) & (total == ABSENT) & (fault == Fault.NONE)] = Fault.UNMETERED
    flags = np.zeros(len(begins), dtype=np.int64)
    zones, zone_of = zone_column(zone)
    return Sessions(
        start=begins,
        end=stops,
        charging_end=charged,
        zones=zones,
        zone=zone_of,
        measured=_readings(begins, stops, charged, slots, at, energy, total, flags),
        tariff=None if tariff is None else ints(tariff),
        meter_start=None if meter_start_wh is None else ints(meter_start_wh) * MWH_PER_WH,
        fault=fault,
        flags=flags,
    )


def from_totals(
    *,
    start: object,
    end: object,
    zone: str | Sequence[str],
    energy_wh: object,
    charging_end: object = None,
    tariff: object = None,
) -> Sessions:
    """Sessions of which only the total is known; it is spread evenly over the charging time and flagged."""
    begins = ints(start)
    nothing = np.zeros(0, dtype=np.int64)
    return from_slots(
        start=begins,
        end=end,
        zone=zone,
        slots_from=begins,
        wh=nothing,
        offsets=np.zeros(len(begins) + 1, dtype=np.int64),
        charging_end=charging_end,
        energy_wh=energy_wh,
        tariff=tariff,
    )


def _default(values: Ints, otherwise: Ints) -> Ints:
    return np.where(values == ABSENT, otherwise, values)


def last_counts(offsets: Ints, energy: Ints) -> Ints:
    """The last count of each session; 0 for a session without any."""
    has = counts(offsets) > 0
    result = np.zeros(len(has), dtype=np.int64)
    result[has] = energy[offsets[1:][has] - 1]
    return result


def _faults(start: Ints, end: Ints, stop: Ints, offsets: Ints, energy: Ints, total: Ints) -> Ints:
    fault = np.zeros(len(start), dtype=np.int64)
    owner = owners(offsets)
    before = np.where(within(offsets) == 0, 0, np.roll(energy, 1))
    fault[(stop < start) | (stop > end)] = Fault.OUTSIDE_SESSION
    fault[np.maximum(last_counts(offsets, energy), total * MWH_PER_WH) > MAX_ENERGY] = Fault.TOO_LARGE
    fault[end - start > MAX_DURATION] = Fault.TOO_LARGE
    fault[owner[energy < before]] = Fault.NEGATIVE
    fault[total < ABSENT] = Fault.NEGATIVE
    fault[end < start] = Fault.ENDS_BEFORE_START
    return fault


def _readings(
    start: Ints, end: Ints, stop: Ints, offsets: Ints, at: Ints, energy: Ints, total: Ints, flags: Ints
) -> Readings:
    """Readings inside each session: its start at 0, what was counted, and the rest of its own total if there is any."""
    lengths = counts(offsets)
    counted = last_counts(offsets, energy)
    rest = (total != ABSENT) & (total * MWH_PER_WH > counted)
    flags[rest] |= Flag.INTERPOLATED
    flags[(total != ABSENT) & (lengths > 0) & (total * MWH_PER_WH != counted)] |= Flag.ENERGY_DIFFERS
    new_offsets = offsets_of(lengths + 1 + rest)
    size = int(new_offsets[-1])
    new_at, new_energy = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int64)
    new_at[new_offsets[:-1]], new_energy[new_offsets[:-1]] = start, 0
    target = np.repeat(new_offsets[:-1] + 1 - offsets[:-1], lengths) + np.arange(len(at))
    new_at[target] = np.clip(at, np.repeat(start, lengths), np.repeat(end, lengths))
    new_energy[target] = energy
    last = new_offsets[1:][rest] - 1
    new_energy[last] = total[rest] * MWH_PER_WH
    new_at[last] = np.maximum(stop[rest], new_at[last - 1])
    return _last_of_each_instant(new_offsets, new_at, new_energy)


def _last_of_each_instant(offsets: Ints, at: Ints, energy: Ints) -> Readings:
    """Of several readings at one instant only the last counts; the first of a session, its start, always stays."""
    owner = owners(offsets)
    kept = np.ones(len(at), dtype=np.bool_)
    kept[:-1] = (at[1:] != at[:-1]) | (owner[1:] != owner[:-1])
    kept[offsets[:-1]] = True
    lengths = np.bincount(owner[kept], minlength=len(offsets) - 1)
    return Readings(offsets_of(lengths), at[kept], energy[kept])
