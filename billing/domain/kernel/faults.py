"""Sessions that cannot be priced, found before the kernel runs; `explained.problems` makes typed errors of them.

A batch never dies of one bad session and none becomes free by accident: what is wrong is one number a session in a
column, and the session has no slices and no total.
"""

from __future__ import annotations

import numpy as np

from billing.domain import zones
from billing.domain.arrays import Ints, counts, offsets_of, owners
from billing.domain.kernel.plan import Lane, Plan
from billing.domain.sessions.columns import NO_TARIFF, Fault, Flag, Periods, Readings, Sessions


def judge(plan: Plan, sessions: Sessions) -> tuple[Ints, Ints]:
    """The tariff at the start of each session, and its fault. Faults found on the way in take precedence."""
    fault = np.zeros(len(sessions), dtype=np.int64)
    first = _tariffs(plan, sessions, fault)
    _not_valid(plan, sessions, first, fault)
    _energy_missing(plan, sessions, first, fault)
    for position, name in enumerate(sessions.zones):
        if not zones.known(name):
            fault[slice(None) if sessions.zone is None else sessions.zone == position] = Fault.UNKNOWN_ZONE
    return first, np.where(sessions.fault != Fault.NONE, sessions.fault, fault)


def _tariffs(plan: Plan, sessions: Sessions, fault: Ints) -> Ints:
    """The first tariff that a session names."""
    measured = sessions.measured
    first = np.zeros(len(sessions), dtype=np.int64)
    if isinstance(measured, Readings) or measured.tariff is None:
        if sessions.tariff is not None:
            first = sessions.tariff
            fault[(first < 0) | (first >= len(plan.tariffs))] = Fault.UNKNOWN_TARIFF
        return first
    return _named_tariffs(plan, measured, measured.tariff, fault)


def _named_tariffs(plan: Plan, periods: Periods, tariff: Ints, fault: Ints) -> Ints:
    """The first tariff that the periods of each session name."""
    known = len(tariff) and tariff.min() >= 0 and tariff.max() < len(plan.tariffs)
    if known and len({terms.currency for terms in plan.tariffs}) == 1 and counts(periods.offsets).all():
        return tariff[periods.offsets[:-1]]
    owner = owners(periods.offsets)
    fault[owner[tariff >= len(plan.tariffs)]] = Fault.UNKNOWN_TARIFF
    named = np.flatnonzero(tariff != NO_TARIFF)
    first = np.full(len(fault), NO_TARIFF, dtype=np.int64)
    first[owner[named[::-1]]] = tariff[named[::-1]]
    fault[first == NO_TARIFF] = Fault.UNKNOWN_TARIFF
    _mixed(plan, tariff[named], owner[named], first, fault)
    return first


def _mixed(plan: Plan, tariff: Ints, owner: Ints, first: Ints, fault: Ints) -> None:
    sound = tariff < len(plan.tariffs)
    codes = {terms.currency: position for position, terms in enumerate(plan.tariffs)}
    currency = np.array([codes[terms.currency] for terms in plan.tariffs])
    tariff, owner = tariff[sound], owner[sound]
    begins = np.minimum(first[owner], len(plan.tariffs) - 1)
    fault[owner[currency[tariff] != currency[begins]]] = Fault.MIXED_CURRENCIES


def _not_valid(plan: Plan, sessions: Sessions, first: Ints, fault: Ints) -> None:
    for index, terms in enumerate(plan.tariffs):
        for edge, too_soon in ((terms.start_date_time, True), (terms.end_date_time, False)):
            if edge is not None:
                instant = int(edge.timestamp())
                outside = sessions.start < instant if too_soon else sessions.start >= instant
                fault[(first == index) & outside] = Fault.TARIFF_NOT_VALID


def _energy_missing(plan: Plan, sessions: Sessions, first: Ints, fault: Ints) -> None:
    """Energy that was used but not metered cannot be priced by a tariff that sells energy."""
    missing = (sessions.flags & Flag.ENERGY_MISSING) != 0
    if not missing.any():
        return
    for index in range(len(plan.tariffs)):
        if Lane.ENERGY in plan.offers and plan.offers[Lane.ENERGY].choices[index].candidates:
            fault[missing & (first == index)] = Fault.UNMETERED


def pick(sessions: Sessions, good: Ints) -> Sessions:
    """Only these sessions."""
    return Sessions(
        start=sessions.start[good],
        end=sessions.end[good],
        charging_end=sessions.charging_end[good],
        zones=sessions.zones,
        zone=_rows(sessions.zone, good),
        measured=_pick_measured(sessions.measured, good),
        tariff=_rows(sessions.tariff, good),
        expired=None if sessions.expired is None else sessions.expired[good],
        meter_start=_rows(sessions.meter_start, good),
        turns=sessions.turns,
        fault=sessions.fault[good],
        flags=sessions.flags[good],
    )


def _rows(column: Ints | None, rows: Ints) -> Ints | None:
    return None if column is None else column[rows]


def _pick_measured(measured: Periods | Readings, good: Ints) -> Periods | Readings:
    lengths = counts(measured.offsets)
    wanted = np.zeros(len(lengths), dtype=np.bool_)
    wanted[good] = True
    kept = np.flatnonzero(np.repeat(wanted, lengths))
    offsets = offsets_of(lengths[good])
    if isinstance(measured, Readings):
        return Readings(offsets, measured.at[kept], measured.energy[kept])
    return Periods(
        offsets=offsets,
        start=measured.start[kept],
        energy=measured.energy[kept],
        charging=measured.charging[kept],
        parking=measured.parking[kept],
        reserved=_rows(measured.reserved, kept),
        min_power=_rows(measured.min_power, kept),
        max_power=_rows(measured.max_power, kept),
        min_current=_rows(measured.min_current, kept),
        max_current=_rows(measured.max_current, kept),
        tariff=_rows(measured.tariff, kept),
    )
