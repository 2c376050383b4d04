"""The kernel: many sessions x tariff -> priced slices. One path for one session and for a million.

    rated = rate(sessions, tariff)      # columns in, columns out
    rated.session(0)                    # one session as plain values, for a page

The way of a batch: sessions that cannot be priced are set aside with a fault; the rest become pieces (`pieces`,
`splitting`); for each lane the first matching component is chosen (`restrictions`); pieces become slices (`slices`),
blocks are rounded up (`steps`), amounts are summed (`totals`) and held within bounds (`caps`).

Nothing is rounded on the way: amounts are integers in units of `Rated.unit` (`plan`). Before anything is multiplied the
greatest possible total of the batch is computed; where it would not fit into 64 bits the same code runs on Python's
unbounded integers instead, so an overflow cannot happen silently, only slowly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from billing.domain import caps, faults, slices, steps, totals
from billing.domain.columns import NO_TARIFF, Bools, Fault, Flag, Ints, Periods, Sessions
from billing.domain.pieces import Pieces, of_periods, only_reserved
from billing.domain.plan import FREE, Lane, Plan, plan_for
from billing.domain.rated import Rated, empty
from billing.domain.restrictions import State, choose
from billing.domain.slices import Rows
from billing.domain.splitting import split
from billing.domain.tariff import Tariff

__all__ = ["Rated", "rate"]

_QUANTITY: Final = {
    Lane.ENERGY: "energy",
    Lane.TIME: "charging",
    Lane.PARKING: "parking",
    Lane.RESERVED_TIME: "reserved",
}


def rate(sessions: Sessions, tariff: Tariff | Sequence[Tariff]) -> Rated:
    """Price a batch of sessions by one tariff, or by several that the sessions or their periods name by index.

    A session that cannot be priced gets a fault (`Rated.fault`, `Rated.error(i)`), costs nothing and has no slices;
    the others are not affected.
    """
    plan = plan_for((tariff,) if isinstance(tariff, Tariff) else tuple(tariff))
    first_tariff, fault = faults.judge(plan, sessions)
    good = np.flatnonzero(fault == Fault.NONE)
    if len(good) == 0:
        return empty(plan, sessions, fault)
    chosen = sessions if len(good) == len(fault) else faults.pick(sessions, good)
    terms = None if len(plan.tariffs) == 1 else first_tariff[good]
    return _priced(plan, chosen, terms).spread(sessions, fault, good)


def _priced(plan: Plan, sessions: Sessions, terms: Ints | None) -> Rated:
    """Price sessions that are known to be sound. `terms` is the tariff at the start of each."""
    flags = sessions.flags.copy()
    measured = sessions.measured
    pieces = of_periods(sessions, measured) if isinstance(measured, Periods) else split(plan, sessions, measured)
    state = State(sessions, pieces)
    last = State(sessions, pieces, last=True) if pieces.received else None
    found = {lane: _lane(plan, lane, state, last, flags) for lane in Lane if lane in plan.choices}
    lanes = {lane: rows for lane, rows in found.items() if len(rows)}
    if Lane.ENERGY not in plan.choices:
        flags[pieces.session[pieces.energy > 0]] |= Flag.UNPRICED_ENERGY
    parts = list(lanes.values()) + _surpluses(plan, lanes, flags)
    if pieces.tariff is not None:
        flags[pieces.session[pieces.tariff == NO_TARIFF]] |= Flag.PERIOD_WITHOUT_TARIFF
    summed = totals.of_rows(plan, parts, len(sessions))
    _price_nothing(plan, state, summed, flags)
    excl, incl = caps.apply(plan, terms, summed.excl, summed.incl, flags)
    return Rated.assembled(plan, sessions, terms, parts, summed, excl, incl, flags)


def _lane(plan: Plan, lane: Lane, state: State, last: State | None, flags: Ints) -> Rows:
    """Slices of one lane."""
    pieces = state.pieces
    wanted, quantity = _wanted(lane, pieces)
    component = choose(plan, lane, state, wanted, flags)
    if last is not None and lane in (Lane.ENERGY, Lane.TIME, Lane.PARKING):
        _flag_changes(plan, lane, last, wanted, component, flags)
    priced = component != FREE
    if not priced.all():
        if lane is Lane.ENERGY:
            flags[pieces.session[wanted[~priced]]] |= Flag.UNPRICED_ENERGY
        wanted, quantity, component = wanted[priced], quantity[priced], component[priced]
    if lane in (Lane.FLAT, Lane.RESERVED_FLAT) and len(wanted):
        first = slices.session_runs(pieces.session[wanted])
        return slices.fees(pieces, wanted[first], component[first])
    return slices.of_pieces(pieces, wanted, component, quantity)


def _wanted(lane: Lane, pieces: Pieces) -> tuple[Ints, Ints]:
    """The pieces that have something to price in this lane, and how much."""
    if lane in _QUANTITY:
        quantity = getattr(pieces, _QUANTITY[lane])
        if quantity is None:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        wanted = np.flatnonzero(quantity > 0)
        return wanted, quantity if len(wanted) == len(quantity) else quantity[wanted]
    if lane is Lane.FLAT:
        wanted = np.flatnonzero(~only_reserved(pieces))
    else:
        reserved = pieces.reserved
        wanted = np.zeros(0, dtype=np.int64) if reserved is None else np.flatnonzero(reserved > 0)
    return wanted, np.ones(len(wanted), dtype=np.int64)


def _flag_changes(plan: Plan, lane: Lane, last: State, wanted: Ints, component: Ints, flags: Ints) -> None:
    """Flag sessions with a received period whose price at its last second is not the one at its start."""
    moves = np.array([choice.moves for choice in plan.choices[lane]])
    if not moves.any():
        return
    tariff = last.pieces.tariff
    if tariff is not None:
        can = np.flatnonzero(moves[tariff[wanted]])
        wanted, component = wanted[can], component[can]
    changed = choose(plan, lane, last, wanted, np.zeros_like(flags)) != component
    flags[last.pieces.session[wanted[changed]]] |= Flag.SPANS_CHANGE


def _price_nothing(plan: Plan, state: State, summed: totals.Totals, flags: Ints) -> None:
    """A session that used no energy under a price for it has an energy cost of 0, which differs from having none."""
    pieces = state.pieces
    used = np.zeros(len(flags), dtype=np.bool_)
    used[pieces.session[pieces.energy > 0]] = True
    if used.all():
        return
    wanted = np.flatnonzero(~used[pieces.session] & ~only_reserved(pieces))
    component = choose(plan, Lane.ENERGY, state, wanted, flags)
    summed.mark(Lane.ENERGY, pieces.session[wanted[component != FREE]])


def _surpluses(plan: Plan, lanes: dict[Lane, Rows], flags: Ints) -> list[Rows]:
    """What step sizes add."""
    parked: Bools | None = None
    if Lane.PARKING in lanes:
        parked = np.zeros(len(flags), dtype=np.bool_)
        parked[lanes[Lane.PARKING].session] = True
    found = [steps.surplus(plan, lane, rows, parked, flags) for lane, rows in lanes.items() if lane in _QUANTITY]
    return [rows for rows in found if rows is not None]
