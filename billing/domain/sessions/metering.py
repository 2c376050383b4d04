"""Our own meters as columns: fixed slots of Wh, arbitrary readings, or nothing but a session's total.

All three become `Readings`: energy counted since the start of the session, at instants inside it. Nothing here lets
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
    slot_offsets, slot_energy = ints(offsets), ints(wh) * MWH_PER_WH
    lengths = counts(slot_offsets)
    place = within(slot_offsets) + 1
    at = np.repeat(ints(slots_from), lengths) + place * slot_s
    after = running(slot_energy, slot_offsets) + slot_energy
    return _sessions(
        start=ints(start),
        end=ints(end),
        zone=zone,
        offsets=slot_offsets,
        at=at,
        energy=after,
        charging_end=charging_end,
        energy_wh=energy_wh,
        meter_start_wh=meter_start_wh,
        tariff=tariff,
        unsorted=None,
        enough=1,
    )


def from_readings(  # noqa: PLR0913  # one argument a column
    *,
    start: object,
    end: object,
    zone: str | Sequence[str],
    at: object,
    register_wh: object,
    offsets: object,
    charging_end: object = None,
    energy_wh: object = None,
    tariff: object = None,
) -> Sessions:
    """Sessions metered by readings of a register in Wh at arbitrary instants.

    The first reading of a session is its meter start: energy is counted from there. Readings that do not come in
    order of time are sorted and flagged; a register that falls is an error of that session.
    """
    begins = ints(offsets)
    instants, registers, unsorted = _in_order(ints(at), ints(register_wh), begins)
    lengths = counts(begins)
    first = np.zeros(len(lengths), dtype=np.int64)
    has = lengths > 0
    first[has] = registers[begins[:-1][has]]
    return _sessions(
        start=ints(start),
        end=ints(end),
        zone=zone,
        offsets=begins,
        at=instants,
        energy=(registers - np.repeat(first, lengths)) * MWH_PER_WH,
        charging_end=charging_end,
        energy_wh=energy_wh,
        meter_start_wh=np.where(has, first, ABSENT),
        tariff=tariff,
        unsorted=unsorted,
        enough=2,
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


def _in_order(at: Ints, values: Ints, offsets: Ints) -> tuple[Ints, Ints, Ints]:
    """Readings sorted by time within each session, and the sessions for which that changed anything."""
    owner = owners(offsets)
    falls = (np.diff(at) < 0) & (np.diff(owner) == 0)
    unsorted: Ints = np.unique(owner[1:][falls])
    if len(unsorted) == 0:
        return at, values, unsorted
    order = np.lexsort((at, owner))
    return at[order], values[order], unsorted


def _sessions(  # noqa: PLR0913  # one argument a column
    *,
    start: Ints,
    end: Ints,
    zone: str | Sequence[str],
    offsets: Ints,
    at: Ints,
    energy: Ints,
    charging_end: object,
    energy_wh: object,
    meter_start_wh: object,
    tariff: object,
    unsorted: Ints | None,
    enough: int,
) -> Sessions:
    """Common end of all three. `enough`: how many entries tell of energy (one slot, but two readings)."""
    stop = end if charging_end is None else _default(ints(charging_end), end)
    total = np.full(len(start), ABSENT) if energy_wh is None else ints(energy_wh)
    fault = _faults(start, end, stop, offsets, energy, total)
    fault[(counts(offsets) < enough) & (total == ABSENT) & (fault == Fault.NONE)] = Fault.UNMETERED
    flags = np.zeros(len(start), dtype=np.int64)
    if unsorted is not None:
        flags[unsorted] |= Flag.SORTED
    zones, zone_of = zone_column(zone)
    return Sessions(
        start=start,
        end=end,
        charging_end=stop,
        zones=zones,
        zone=zone_of,
        measured=_readings(start, end, stop, offsets, at, energy, total, flags),
        tariff=None if tariff is None else ints(tariff),
        meter_start=None if meter_start_wh is None else ints(meter_start_wh) * MWH_PER_WH,
        fault=fault,
        flags=flags,
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
