"""Meter readings as a series: a first instant, a step, and the energy of each step.

A session keeps its readings in its own row, as watt-hours per equal step. Stations report the register of the meter
at instants that are not always equally far apart; between two readings energy is taken to have flowed evenly. The
cumulated register is rounded, not the steps, so that the steps always add up to the difference of the register.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np

from charging.domain.errors import ChargingError, Code

#: The step readings are put on when their own distances are not equal: the quarter hour of the electricity market.
QUARTER_HOUR_S = 900

#: A week in steps of a minute; more readings than that are a mistake of the file.
MOST_STEPS = 10_080


class UnusableReadings(ChargingError):
    """Readings are out of order, run backwards or are too few."""


@dataclass(frozen=True, slots=True)
class Series:
    """Energy per step: `wh[i]` flowed in `interval_s` seconds from `start + i * interval_s`."""

    start: datetime
    interval_s: int
    wh: tuple[int, ...]

    @property
    def total_wh(self) -> int:
        """All energy of the series."""
        return sum(self.wh)

    @property
    def end(self) -> datetime:
        """When the last step ends."""
        return self.start + timedelta(seconds=self.interval_s * len(self.wh))


def series(start: datetime, *, interval_s: int, wh: tuple[int, ...]) -> Series:
    """Return a checked series.

    Raises:
        UnusableReadings: the step is not positive, a value is negative, or there are none or far too many.
    """
    if interval_s <= 0:
        raise UnusableReadings(Code.SERIES_STEP, step=interval_s)
    if not 0 < len(wh) <= MOST_STEPS:
        raise UnusableReadings(Code.SERIES_LENGTH, most=MOST_STEPS, steps=len(wh))
    if min(wh) < 0:
        raise UnusableReadings(Code.SERIES_NEGATIVE, energy_wh=min(wh))
    return Series(start, interval_s, wh)


def from_register(readings: list[tuple[datetime, int]]) -> Series:
    """Return the series of a register read at growing instants: `(when, register in Wh)`.

    Readings equally far apart keep their step; others are put on quarter hours from the first one, the last step
    being cut short by the last reading.

    Raises:
        UnusableReadings: fewer than two readings, out of order, or a register that runs backwards.
    """
    if len(readings) < 2:
        raise UnusableReadings(Code.REGISTER_READ_ONCE)
    steps_s = [round((later - earlier).total_seconds()) for (earlier, _), (later, _) in pairwise(readings)]
    if min(steps_s) <= 0:
        raise UnusableReadings(Code.READINGS_OUT_OF_ORDER)
    start = readings[0][0]
    if len(set(steps_s)) == 1:
        return series(start, interval_s=steps_s[0], wh=_differences([register for _, register in readings]))
    return _resampled(start, steps_s, [register for _, register in readings])


def _resampled(start: datetime, steps_s: list[int], registers: list[int]) -> Series:
    known_at = np.concatenate(([0], np.cumsum(steps_s)))
    steps = -(-int(known_at[-1]) // QUARTER_HOUR_S)
    if steps > MOST_STEPS:
        raise UnusableReadings(Code.SERIES_LENGTH, most=MOST_STEPS, steps=steps)
    wanted_at = np.minimum(np.arange(steps + 1) * QUARTER_HOUR_S, known_at[-1])
    cumulated = np.rint(np.interp(wanted_at, known_at, np.asarray(registers) - registers[0])).astype(np.int64)
    return series(start, interval_s=QUARTER_HOUR_S, wh=_differences(cumulated.tolist()))


def _differences(registers: list[int]) -> tuple[int, ...]:
    return tuple(later - earlier for earlier, later in pairwise(registers))
