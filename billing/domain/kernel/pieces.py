"""Pieces: stretches of a session within which no price changes. Both kinds of input become pieces; the rest is one way.

A received charging period is one piece, whole, at the price valid at its start. Our own metered series is cut by
`splitting` at every instant where this tariff's price can change.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from billing.domain.arrays import Bools, Ints, owners, running
from billing.domain.sessions.columns import Periods, Sessions
from billing.domain.sessions.periods import period_ends


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """One entry a piece, sorted by session and time. Energies in mWh; `meter` is the energy so far at its start.

    Every session has at least one. `since` has one entry a session: when its charging began.
    """

    offsets: Ints
    session: Ints
    start: Ints
    end: Ints
    meter: Ints
    energy: Ints
    charging: Ints
    parking: Ints
    reserved: Ints | None
    since: Ints
    min_power: Ints | None = None
    max_power: Ints | None = None
    min_current: Ints | None = None
    max_current: Ints | None = None
    tariff: Ints | None = None
    received: bool = False


def of_periods(sessions: Sessions, periods: Periods) -> Pieces:
    """Each received period as one piece."""
    session = owners(periods.offsets)
    return Pieces(
        offsets=periods.offsets,
        session=session,
        start=periods.start,
        end=period_ends(periods.start, sessions.end, periods.offsets),
        meter=running(periods.energy, periods.offsets),
        energy=periods.energy,
        charging=periods.charging,
        parking=periods.parking,
        reserved=periods.reserved,
        since=_since(periods, session),
        min_power=periods.min_power,
        max_power=periods.max_power,
        min_current=periods.min_current,
        max_current=periods.max_current,
        tariff=periods.tariff,
        received=True,
    )


def _since(periods: Periods, session: Ints) -> Ints:
    """When charging began: reserved time before it does not count."""
    begin = periods.start[periods.offsets[:-1]]
    if periods.reserved is None or not periods.reserved.any():
        return begin
    active = np.flatnonzero(~only_reserved(periods))[::-1]
    begin[session[active]] = periods.start[active]
    return begin


def only_reserved(periods: Periods | Pieces) -> Bools:
    """Which periods hold nothing but reserved time."""
    if periods.reserved is None:
        return np.zeros(len(periods.start), dtype=np.bool_)
    other = (periods.energy > 0) | (periods.charging > 0) | (periods.parking > 0)
    result: Bools = (periods.reserved > 0) & ~other
    return result
