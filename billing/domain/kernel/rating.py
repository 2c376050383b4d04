"""The kernel: many sessions x tariff -> priced slices. One path for one session and for a million.

    rated = rate(sessions, tariff)      # columns in, columns out
    session_price(rated, 0)             # one session as plain values, for a page (`explained.price_of`)

The way of a batch: sessions that cannot be priced are set aside with a fault; the rest become pieces (`pieces`,
`splitting`); for each lane the first matching component is chosen (`restrictions`); pieces become slices (`slices`),
what is sold in steps is rounded up (`steps`), amounts are summed (`totals`) and held within bounds (`caps`). That
happens to some thousands of sessions at a time, and `answer` puts together what comes out.

Nothing is rounded on the way: amounts are integers in units of `Rated.unit` (`plan`). Before anything is multiplied the
greatest possible total of the batch is computed; where it would not fit into 64 bits the same code runs on Python's
unbounded integers instead, so an overflow cannot happen silently, only slowly.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from billing.domain.arrays import Bools, Ints
from billing.domain.kernel import caps, faults, slices, steps, totals
from billing.domain.kernel.answer import Answer, Priced
from billing.domain.kernel.choices import FREE
from billing.domain.kernel.pieces import Pieces, of_periods, only_reserved
from billing.domain.kernel.plan import RESERVED, Lane, Plan, plan_for
from billing.domain.kernel.rated import Rated
from billing.domain.kernel.restrictions import State, choose
from billing.domain.kernel.slices import Rows
from billing.domain.kernel.splitting import split
from billing.domain.sessions.columns import NO_TARIFF, Fault, Flag, Periods, Sessions
from billing.domain.tariff.model import Tariff

__all__ = ["Rated", "rate"]

#: Sessions that are priced at a time: their columns stay in the processor's cache and in memory that is used again.
BLOCK: Final = 8_192
_QUANTITY: Final = {
    Lane.ENERGY: "energy",
    Lane.TIME: "charging",
    Lane.PARKING: "parking",
    Lane.RESERVED_TIME: "reserved",
}


def rate(sessions: Sessions, tariff: Tariff | Sequence[Tariff]) -> Rated:
    """Price a batch of sessions by one tariff, or by several that the sessions or their periods name by index.

    A session that cannot be priced gets a fault (`Rated.fault`, told by `explained.problems`), costs nothing and has
    no slices; the others are not affected.
    """
    plan = plan_for((tariff,) if isinstance(tariff, Tariff) else tuple(tariff))
    answer = Answer(plan, sessions)
    blocks = max(round(len(sessions) / BLOCK), 1)
    edges = [len(sessions) * number // blocks for number in range(blocks + 1)]
    for first, last in pairwise(edges):
        _rate_block(plan, sessions if blocks == 1 else sessions.part(first, last), answer, first)
    return answer.rated()


def _rate_block(plan: Plan, sessions: Sessions, answer: Answer, begin: int) -> None:
    """Price a block of sessions, the first of which is number `begin` of the batch."""
    terms, fault = faults.judge(plan, sessions)
    good = np.flatnonzero(fault == Fault.NONE)
    where: slice | Ints = slice(begin, begin + len(fault))
    if len(good) < len(fault):
        answer.refuse(begin, fault)
        where, terms, sessions = begin + good, terms[good], faults.pick(sessions, good)
    if len(good):
        answer.take(where, terms, _priced(plan, sessions, terms))


def _priced(plan: Plan, sessions: Sessions, terms: Ints) -> Priced:
    """Price sessions that are known to be sound. `terms` is the tariff at the start of each."""
    flags = sessions.flags.copy()
    measured = sessions.measured
    pieces = of_periods(sessions, measured) if isinstance(measured, Periods) else split(plan, sessions, measured)
    state = State(sessions, pieces)
    last = State(sessions, pieces, last=True) if pieces.received else None
    lanes = [rows for lane in Lane if lane in plan.offers and (rows := _lane(plan, lane, state, last, flags))]
    if Lane.ENERGY not in plan.offers:
        flags[pieces.session[pieces.energy > 0]] |= Flag.UNPRICED_ENERGY
    parts = lanes + _surpluses(plan, lanes, flags)
    if pieces.tariff is not None:
        flags[pieces.session[pieces.tariff == NO_TARIFF]] |= Flag.PERIOD_WITHOUT_TARIFF
    dtype = totals.width(plan, parts, int(np.diff(pieces.offsets).max()))
    summed = totals.of_rows(plan, parts, len(sessions), dtype)
    _price_nothing(plan, state, summed, flags)
    excl, incl = caps.apply(plan, terms, summed.excl, summed.incl, flags)
    base = None if sessions.meter_start is None else np.maximum(sessions.meter_start, 0)
    return Priced(pieces, parts, summed, excl, incl, flags, base)


def _lane(plan: Plan, lane: Lane, state: State, last: State | None, flags: Ints) -> Rows | None:
    """Slices of one lane, None if there are none."""
    pieces = state.pieces
    quantity = getattr(pieces, _QUANTITY[lane]) if lane in _QUANTITY else None
    if lane in RESERVED and pieces.reserved is None:
        return None
    active = _active(lane, pieces, quantity)
    asks_last = last if lane in (Lane.ENERGY, Lane.TIME, Lane.PARKING) else None
    component = choose(plan, lane, state, active, flags, asks_last)
    if lane is Lane.ENERGY:
        unpriced = active & (component == FREE)
        if unpriced.any():
            flags[pieces.session[unpriced]] |= Flag.UNPRICED_ENERGY
    wanted = np.flatnonzero(component != FREE)
    if len(wanted) == 0:
        return None
    if quantity is None:
        return slices.fees(lane, pieces, wanted, component[wanted])
    return slices.of_pieces(lane, pieces, wanted, component[wanted], quantity[wanted])


def _active(lane: Lane, pieces: Pieces, quantity: Ints | None) -> Bools | None:
    """The pieces that have something to price in this lane; None means all."""
    if quantity is not None:
        return quantity > 0
    if pieces.reserved is None:
        return None
    return ~only_reserved(pieces) if lane is Lane.FLAT else pieces.reserved > 0


def _price_nothing(plan: Plan, state: State, summed: totals.Totals, flags: Ints) -> None:
    """A session that used no energy under a price for it has an energy cost of 0, which differs from having none."""
    pieces = state.pieces
    used = np.logical_or.reduceat(pieces.energy > 0, pieces.offsets[:-1])
    if used.all():
        return
    component = choose(plan, Lane.ENERGY, state, ~used[pieces.session] & ~only_reserved(pieces), flags)
    summed.mark(Lane.ENERGY, pieces.session[component != FREE])


def _surpluses(plan: Plan, lanes: Sequence[Rows], flags: Ints) -> list[Rows]:
    """What step sizes add."""
    parked: Bools | None = None
    if any(rows.lane is Lane.PARKING for rows in lanes) and any(rows.lane is Lane.TIME for rows in lanes):
        parked = np.zeros(len(flags), dtype=np.bool_)
        parked[next(rows.session for rows in lanes if rows.lane is Lane.PARKING)] = True
    found = [
        steps.surplus(plan, rows, parked if rows.lane is Lane.TIME else None, flags)
        for rows in lanes
        if rows.lane in _QUANTITY
    ]
    return [rows for rows in found if rows is not None]
