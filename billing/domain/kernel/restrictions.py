"""Which component prices which piece: first match per lane, for all pieces at once.

Restrictions look at the session's state at the start of a piece: local clock, local date, energy so far, seconds since
charging began; power and current look at the readings during the piece. A lower bound includes its value, an upper
bound does not. The lower bound of power or current asks the piece's least reading and the upper bound its greatest, so
the restriction holds during the whole piece; where only one of the two was sent it stands for both; where neither was,
the element does not match and the session is flagged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from billing.domain import zones
from billing.domain.arrays import Bools, Ints
from billing.domain.kernel.choices import FREE, READINGS, Bound, Components, Condition, Offers, Shape, free
from billing.domain.kernel.pieces import Pieces
from billing.domain.kernel.plan import Lane, Plan
from billing.domain.sessions.columns import ABSENT, Flag, Sessions
from billing.domain.tariff.windows import minute_of_week

_DAY_S: Final = 86400


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """The pieces of a batch in the state in which each begins, or (`last`) in its last second and milliwatt-hour.

    Where the two differ in price, a received piece spans a change.
    """

    sessions: Sessions
    pieces: Pieces
    last: bool = False

    def of(self, wanted: Ints) -> Here:
        """The state of these pieces."""
        return Here(self, wanted)


@dataclass(slots=True, eq=False)
class Here:
    """What restrictions ask of some pieces, one entry each. The local clock is read only when somebody asks."""

    state: State
    wanted: Ints
    _local: Ints | None = None
    _minute: Ints | None = None

    @property
    def session(self) -> Ints:
        return self.state.pieces.session[self.wanted]

    @property
    def at(self) -> Ints:
        start = self.state.pieces.start[self.wanted]
        return start + self._rest(start) if self.state.last else start

    @property
    def elapsed(self) -> Ints:
        pieces = self.state.pieces
        start = pieces.start[self.wanted]
        elapsed: Ints = np.maximum(start - pieces.since[self.session], 0)
        return elapsed + self._rest(start) if self.state.last else elapsed

    @property
    def meter(self) -> Ints:
        pieces = self.state.pieces
        meter = pieces.meter[self.wanted]
        return meter + np.maximum(pieces.energy[self.wanted] - 1, 0) if self.state.last else meter

    def _rest(self, start: Ints) -> Ints:
        """Seconds from the start of a piece to its last one."""
        rest: Ints = np.maximum(self.state.pieces.end[self.wanted] - start - 1, 0)
        return rest

    @property
    def local(self) -> Ints:
        """Seconds of the local clock."""
        if self._local is None:
            at = self.at
            self._local = at + self._offsets(at)
        return self._local

    @property
    def minute(self) -> Ints:
        if self._minute is None:
            self._minute = minute_of_week(self.local)
        return self._minute

    def _offsets(self, at: Ints) -> Ints:
        """Offset of the local clock at each instant, in the zone of its session."""
        sessions = self.state.sessions
        if sessions.zone is None:
            return zones.offsets(sessions.zones[0], at)
        result = np.zeros(len(at), dtype=np.int64)
        zone = sessions.zone[self.session]
        for position, name in enumerate(sessions.zones):
            inside = np.flatnonzero(zone == position)
            if len(inside):
                result[inside] = zones.offsets(name, at[inside])
        return result

    def values(self, name: str) -> tuple[Ints | None, Ints | None]:
        """The column a lower bound asks, and the one an upper bound asks."""
        pieces = self.state.pieces
        match name:
            case "day":
                days: Ints = self.local // _DAY_S
                return days, days
            case "meter":
                meter = self.meter
                return meter, meter
            case "elapsed":
                elapsed = self.elapsed
                return elapsed, elapsed
            case "power":
                return self._readings(pieces.min_power, pieces.max_power)
        return self._readings(pieces.min_current, pieces.max_current)

    def _readings(self, least: Ints | None, greatest: Ints | None) -> tuple[Ints | None, Ints | None]:
        """Readings of these pieces; where only one of the two was sent it stands for both."""
        if least is None or greatest is None:
            only = greatest if least is None else least
            only = None if only is None else only[self.wanted]
            return only, only
        least, greatest = least[self.wanted], greatest[self.wanted]
        return np.where(least == ABSENT, greatest, least), np.where(greatest == ABSENT, least, greatest)


def choose(
    plan: Plan, lane: Lane, state: State, active: Bools | None, flags: Ints, last: State | None = None
) -> Components:
    """The component that prices each piece in this lane, `FREE` where none does or the piece is not active.

    None means that all pieces are active. With `last`, sessions are flagged whose price would be another one there.
    """
    pieces = state.pieces
    size = len(pieces.session)
    if lane not in plan.offers:
        return np.full(size, FREE, dtype=np.int32)
    expired = state.sessions.expired
    if expired is None or lane not in plan.expired:
        return _chosen(plan.offers[lane], state, active, flags, last)
    late = expired[pieces.session]
    usual = _chosen(plan.offers[lane], state, active, flags, last)
    active = late if active is None else active & late
    return np.where(late, _chosen(plan.expired[lane], state, active, flags, last), usual)


def _chosen(offers: Offers, state: State, active: Bools | None, flags: Ints, last: State | None) -> Components:
    """Look up what is fixed for all pieces at once, and work out the others shape by shape."""
    tariff = state.pieces.tariff
    chosen = offers.codes(tariff, len(state.pieces.session))
    if active is not None:
        chosen = free(active, chosen)
    for shape, wanted in list(offers.open(chosen)):
        found = _first_match(shape, state.of(wanted), flags)
        if last is not None and shape.moves:
            later = _first_match(shape, last.of(wanted), flags)
            flags[state.pieces.session[wanted[later != found]]] |= Flag.SPANS_CHANGE
        chosen[wanted] = offers.filled(shape, None if tariff is None else tariff[wanted], found)
    return chosen


def _first_match(shape: Shape, here: Here, flags: Ints) -> Components:
    """The index of the first candidate that holds, or `FREE`.

    Layers are laid over each other from the last to the first, so that the first match stays on top.
    """
    found: Components = np.full(len(here.wanted), FREE, dtype=np.int32)
    for layer in reversed(shape.layers):
        if isinstance(layer, Condition):
            found[_holds(layer, here, flags)] = layer.index
        else:
            by_clock = layer[here.minute]
            found = by_clock if layer is shape.layers[-1] else np.where(by_clock == FREE, found, by_clock)
    return found


def _holds(condition: Condition, here: Here, flags: Ints) -> Bools:
    holds = np.ones(len(here.wanted), dtype=np.bool_)
    if condition.week is not None:
        holds &= condition.week[here.minute]
    for bound in condition.bounds:
        holds &= _within(bound, here, flags)
    return holds


def _within(bound: Bound, here: Here, flags: Ints) -> Bools:
    least, greatest = here.values(bound.field)
    holds = np.ones(len(here.wanted), dtype=np.bool_)
    if bound.field in READINGS:
        holds &= _measured(bound.field, least, here, flags)
    if least is None or greatest is None:
        return holds
    if bound.least is not None:
        holds &= least >= bound.least
    if bound.below is not None:
        holds &= greatest < bound.below
    return holds


def _measured(name: str, readings: Ints | None, here: Here, flags: Ints) -> Bools:
    """Where there is a reading at all; sessions without one are flagged."""
    there = np.zeros(len(here.wanted), dtype=np.bool_) if readings is None else readings != ABSENT
    if not there.all():
        flag = Flag.NO_POWER_READING if name == "power" else Flag.NO_CURRENT_READING
        flags[here.session[~there]] |= flag
    return there
