"""Cutting our own metered series at every instant where this tariff's price can change.

A session becomes a row of points, each an instant and the energy counted until then; the stretch between two points is
a piece. Points stand at the session's start and end, at the end of charging, where the local clock or date passes a
bound of the tariff (`boundaries`), where a duration is reached, where the energy reaches a threshold, and where the
session turns to another row of tariffs. Between two readings energy flows evenly, and is counted in whole milliwatt-
hours rounded down, so whatever the points, the pieces add up to exactly what was metered. A threshold in kWh is met
exactly; its instant is the first whole second by which the energy is reached.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from billing.domain.arrays import Ints, counts, offsets_of, owners
from billing.domain.kernel.boundaries import calendar_instants
from billing.domain.kernel.pieces import Pieces
from billing.domain.kernel.plan import Plan, bounds_of
from billing.domain.sessions.columns import HOUR, TICKS, Readings, Sessions

#: Bits for the seconds within a session (`MAX_DURATION` < 2**25) in a key that sorts readings of all sessions.
_SECONDS_BITS = 25


@dataclass(frozen=True, slots=True, eq=False)
class _Points:
    """Instants of sessions and the energy counted by then; in any order."""

    session: Ints
    at: Ints
    energy: Ints


class _Meter:
    """The readings of all sessions, searchable by time and by energy in one go."""

    def __init__(self, sessions: Sessions, readings: Readings) -> None:
        self.start = sessions.start
        self.at, self.energy = readings.at, readings.energy
        owner = owners(readings.offsets)
        self.last = readings.offsets[1:] - 1
        self.total = self.energy[self.last]
        self._time_keys = self._time_key(owner, self.at)
        self._energy_base = offsets_of(self.total + 1)[:-1]
        self._energy_keys = self.energy + self._energy_base[owner]

    def _time_key(self, session: Ints, at: Ints) -> Ints:
        key: Ints = (session << _SECONDS_BITS) | (at - self.start[session])
        return key

    def interval(self, session: Ints, at: Ints) -> Ints:
        """The last reading at or before each instant."""
        return np.searchsorted(self._time_keys, self._time_key(session, at), side="right") - 1

    def counted(self, session: Ints, at: Ints) -> Ints:
        """Energy counted by each instant, interpolated between the readings around it."""
        before = self.interval(session, at)
        after = np.minimum(before + 1, self.last[session])
        span = np.maximum(self.at[after] - self.at[before], 1)
        rise = self.energy[after] - self.energy[before]
        result: Ints = self.energy[before] + rise * (at - self.at[before]) // span
        return result

    def reached(self, session: Ints, threshold: int) -> Ints:
        """The first whole second by which each session has counted `threshold`, which is above 0 and within reach."""
        after = np.searchsorted(self._energy_keys, self._energy_base[session] + threshold, side="left")
        before = after - 1
        rise = self.energy[after] - self.energy[before]
        missing = threshold - self.energy[before]
        span = self.at[after] - self.at[before]
        result: Ints = self.at[before] - (-missing * span // rise)
        return result

    def power(self, session: Ints, at: Ints) -> Ints:
        """Mean power of the reading interval that begins at or before each instant, in millionths of a kW."""
        before = self.interval(session, at)
        after = np.minimum(before + 1, self.last[session])
        span = np.maximum(self.at[after] - self.at[before], 1)
        mean: Ints = (self.energy[after] - self.energy[before]) * HOUR // span
        return mean


def split(plan: Plan, sessions: Sessions, readings: Readings) -> Pieces:
    """Pieces of all sessions, cut where the tariff of each can change its price."""
    meter = _Meter(sessions, readings)
    everyone = np.arange(len(sessions))
    found = [
        _Points(everyone, sessions.start, np.zeros_like(everyone)),
        _Points(everyone, sessions.end, meter.total),
        _at(meter, everyone, sessions.charging_end),
    ]
    found.extend(_turn_points(meter, sessions))
    asks_power = False
    for index in range(len(plan.tariffs)):
        inside = everyone if sessions.tariff is None else np.flatnonzero(sessions.tariff == index)
        bounds = bounds_of(plan, index)
        found.extend(_clock_points(plan, index, meter, sessions, inside))
        found.extend(_threshold_points(bounds, meter, sessions, inside))
        if "power" in bounds:
            asks_power = True
            found.append(_reading_points(readings, inside, len(sessions)))
    return _pieces(plan, sessions, meter, _sorted(found), asks_power=asks_power)


def _at(meter: _Meter, session: Ints, at: Ints) -> _Points:
    return _Points(session, at, meter.counted(session, at))


def _turn_points(meter: _Meter, sessions: Sessions) -> Iterator[_Points]:
    """Where sessions turn to another row of tariffs."""
    for at in () if sessions.turns is None else sessions.turns.tolist():
        within = np.flatnonzero((sessions.start < at) & (at < sessions.end))
        yield _at(meter, within, np.full(len(within), at))


def _clock_points(plan: Plan, index: int, meter: _Meter, sessions: Sessions, inside: Ints) -> list[_Points]:
    """Where the local clock or date of a session passes a bound of this tariff."""
    found = []
    for position, name in enumerate(sessions.zones):
        here = inside if sessions.zone is None else inside[sessions.zone[inside] == position]
        if len(here) == 0:
            continue
        start, end = sessions.start[here], sessions.end[here]
        instants = calendar_instants(plan, index, name, int(start.min()), int(end.max()))
        first = np.searchsorted(instants, start, side="right")
        many = np.maximum(np.searchsorted(instants, end, side="left") - first, 0)
        begins = offsets_of(many)
        between = np.arange(begins[-1]) + np.repeat(first - begins[:-1], many)
        found.append(_at(meter, np.repeat(here, many), instants[between]))
    return found


def _threshold_points(bounds: dict[str, set[int]], meter: _Meter, sessions: Sessions, inside: Ints) -> list[_Points]:
    """Where a session reaches a duration or an energy that this tariff names."""
    found = []
    for seconds in bounds.get("elapsed", ()):
        at = sessions.start[inside] + seconds
        late = at < sessions.end[inside]
        found.append(_at(meter, inside[late], at[late]))
    for threshold in bounds.get("meter", set()) - {0}:
        session = inside[meter.total[inside] >= threshold]
        reached = meter.reached(session, threshold)
        found.append(_Points(session, reached, np.full(len(session), threshold)))
    return found


def _reading_points(readings: Readings, inside: Ints, size: int) -> _Points:
    """Every reading of these sessions: power is known as the mean between two of them."""
    wanted = np.zeros(size, dtype=np.bool_)
    wanted[inside] = True
    kept = np.repeat(wanted, counts(readings.offsets))
    return _Points(owners(readings.offsets)[kept], readings.at[kept], readings.energy[kept])


def _sorted(found: list[_Points]) -> _Points:
    session = np.concatenate([one.session for one in found])
    at = np.concatenate([one.at for one in found])
    energy = np.concatenate([one.energy for one in found])
    order = np.lexsort((energy, at, session))
    return _Points(session[order], at[order], energy[order])


def _pieces(plan: Plan, sessions: Sessions, meter: _Meter, points: _Points, *, asks_power: bool) -> Pieces:
    """The stretches between neighbouring points, without the empty ones (a session keeps at least its first)."""
    same = points.session[1:] == points.session[:-1]
    length, energy = np.diff(points.at), np.diff(points.energy)
    first = np.ones(len(same), dtype=np.bool_)
    first[1:] = ~same[:-1]
    kept = np.flatnonzero(same & ((length > 0) | (energy > 0) | first))
    session, start, length = points.session[kept], points.at[kept], length[kept]
    charging = start < sessions.charging_end[session]
    power = meter.power(session, start) if asks_power else None
    return Pieces(
        offsets=offsets_of(np.bincount(session, minlength=len(sessions)).astype(np.int64)),
        session=session,
        start=start,
        end=start + length,
        meter=points.energy[kept],
        energy=energy[kept],
        charging=np.where(charging, length * TICKS, 0),
        parking=np.where(charging, 0, length * TICKS),
        reserved=None,
        since=sessions.start,
        min_power=power,
        max_power=power,
        tariff=_tariffs(plan, sessions, session, start),
    )


def _tariffs(plan: Plan, sessions: Sessions, session: Ints, start: Ints) -> Ints | None:
    """The tariff of each piece: its session's, in the row that prices by then."""
    first = None if sessions.tariff is None else sessions.tariff[session]
    if sessions.turns is None:
        return first
    in_a_row = len(plan.tariffs) // (len(sessions.turns) + 1)
    turned: Ints = in_a_row * np.searchsorted(sessions.turns, start, side="right")
    return turned if first is None else turned + first
