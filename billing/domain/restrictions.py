"""Which component prices which piece: first match per lane, for all pieces at once.

Restrictions look at the session's state at the start of a piece: local clock, local date, energy so far, seconds since
charging began; power and current look at the readings during the piece. A lower bound includes its value, an upper
bound does not. The lower bound of power or current asks the piece's least reading and the upper bound its greatest, so
the restriction holds during the whole piece; where only one of the two was sent it stands for both; where neither was,
the element does not match and the session is flagged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from billing.domain import zones
from billing.domain.columns import ABSENT, NO_TARIFF, Bools, Flag, Ints, Sessions
from billing.domain.pieces import Pieces
from billing.domain.plan import FREE, READINGS, Bound, Candidate, Choice, Lane, Plan
from billing.domain.windows import minute_of_week

_DAY_S: Final = 86400


@dataclass(slots=True, eq=False)
class State:
    """What restrictions ask, one entry a piece. Columns that no candidate asks for are never computed."""

    sessions: Sessions
    session: Ints
    at: Ints
    meter: Ints
    elapsed: Ints
    pieces: Pieces
    _local: Ints | None = field(default=None)
    _minute: Ints | None = field(default=None)
    _measured: dict[str, tuple[Ints | None, Ints | None]] = field(default_factory=dict)

    @property
    def local(self) -> Ints:
        """Seconds of the local clock."""
        if self._local is None:
            self._local = self.at + _offsets(self.sessions, self.session, self.at)
        return self._local

    @property
    def minute(self) -> Ints:
        if self._minute is None:
            self._minute = minute_of_week(self.local)
        return self._minute

    def values(self, name: str) -> tuple[Ints | None, Ints | None]:
        """The column a lower bound asks, and the one an upper bound asks."""
        match name:
            case "day":
                days: Ints = self.local // _DAY_S
                return days, days
            case "meter":
                return self.meter, self.meter
            case "elapsed":
                return self.elapsed, self.elapsed
        if name not in self._measured:
            pieces = self.pieces
            is_power = name == "power"
            self._measured[name] = _readings(
                pieces.min_power if is_power else pieces.min_current,
                pieces.max_power if is_power else pieces.max_current,
            )
        return self._measured[name]


def _readings(least: Ints | None, greatest: Ints | None) -> tuple[Ints | None, Ints | None]:
    if least is None or greatest is None:
        only = greatest if least is None else least
        return only, only
    return np.where(least == ABSENT, greatest, least), np.where(greatest == ABSENT, least, greatest)


def _offsets(sessions: Sessions, session: Ints, at: Ints) -> Ints:
    """Offset of the local clock at each instant, in the zone of its session."""
    if sessions.zone is None:
        return zones.offsets(sessions.zones[0], at)
    result = np.zeros(len(at), dtype=np.int64)
    zone = sessions.zone[session]
    for position, name in enumerate(sessions.zones):
        inside = np.flatnonzero(zone == position)
        if len(inside):
            result[inside] = zones.offsets(name, at[inside])
    return result


def state_at_start(sessions: Sessions, pieces: Pieces) -> State:
    """The state in which each piece begins."""
    return State(sessions, pieces.session, pieces.start, pieces.meter, pieces.elapsed, pieces)


def state_at_last(sessions: Sessions, pieces: Pieces) -> State:
    """The state in the last second and milliwatt-hour of each piece: where it differs, a piece spans a change."""
    lengths = np.maximum(pieces.end - pieces.start - 1, 0)
    meter = pieces.meter + np.maximum(pieces.energy - 1, 0)
    return State(sessions, pieces.session, pieces.start + lengths, meter, pieces.elapsed + lengths, pieces)


def choose(plan: Plan, lane: Lane, state: State, wanted: Ints, flags: Ints) -> Ints:
    """The component that prices each of the `wanted` pieces in this lane, or `FREE`."""
    if lane not in plan.choices:
        return np.full(len(wanted), FREE)
    chosen = _choose(plan.choices[lane], plan.fixed[lane], state, wanted, flags)
    expired = state.sessions.expired
    if expired is None or lane not in plan.expired:
        return chosen
    late = np.flatnonzero(expired[state.session[wanted]])
    fixed = np.full(len(plan.tariffs), FREE)
    chosen[late] = _choose(plan.expired[lane], fixed, state, wanted[late], flags, all_of_them=True)
    return chosen


def _choose(
    options: tuple[Choice, ...], fixed: Ints, state: State, wanted: Ints, flags: Ints, *, all_of_them: bool = False
) -> Ints:
    """Look up tariffs whose choice is fixed all at once, and work out the others one by one."""
    tariff = state.pieces.tariff
    if tariff is None:
        return _first_match(options[0], state, wanted, flags)
    of_piece = tariff[wanted]
    chosen: Ints = np.where(of_piece == NO_TARIFF, FREE, fixed[of_piece])
    for index, choice in enumerate(options):
        if choice.fixed is None or all_of_them:
            inside = np.flatnonzero(of_piece == index)
            if len(inside):
                chosen[inside] = _first_match(choice, state, wanted[inside], flags)
    return chosen


def _first_match(choice: Choice, state: State, wanted: Ints, flags: Ints) -> Ints:
    """Layers are laid over each other from the last to the first, so that the first match stays on top."""
    if choice.fixed is not None:
        return np.full(len(wanted), choice.fixed)
    chosen = np.full(len(wanted), FREE)
    for layer in reversed(choice.layers):
        if isinstance(layer, Candidate):
            chosen[_holds(layer, state, wanted, flags)] = layer.component
        else:
            found = layer[state.minute[wanted]]
            chosen = np.where(found == FREE, chosen, found)
    return chosen


def _holds(candidate: Candidate, state: State, wanted: Ints, flags: Ints) -> Bools:
    holds = np.ones(len(wanted), dtype=np.bool_)
    if candidate.week is not None:
        holds &= candidate.week[state.minute[wanted]]
    for bound in candidate.bounds:
        holds &= _within(bound, state, wanted, flags)
    return holds


def _within(bound: Bound, state: State, wanted: Ints, flags: Ints) -> Bools:
    least, greatest = state.values(bound.field)
    holds = np.ones(len(wanted), dtype=np.bool_)
    if bound.field in READINGS:
        holds &= _measured(bound.field, least, state, wanted, flags)
    if least is None or greatest is None:
        return holds
    if bound.least is not None:
        holds &= least[wanted] >= bound.least
    if bound.below is not None:
        holds &= greatest[wanted] < bound.below
    return holds


def _measured(name: str, readings: Ints | None, state: State, wanted: Ints, flags: Ints) -> Bools:
    """Where there is a reading at all; sessions without one are flagged."""
    there = np.zeros(len(wanted), dtype=np.bool_) if readings is None else readings[wanted] != ABSENT
    if not there.all():
        flag = Flag.NO_POWER_READING if name == "power" else Flag.NO_CURRENT_READING
        flags[state.session[wanted[~there]]] |= flag
    return there
