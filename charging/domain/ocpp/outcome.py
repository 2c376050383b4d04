"""What a charge came to: its energy and its course, out of what the station read off its meter. Nothing is guessed.

Energy is the register at the end less the register at the start. Whatever does not fit is flagged, and a person
decides; a register that runs backwards gives no energy.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from charging.domain.meter import Series, UnusableReadings, from_register
from charging.domain.reasons import Flag

Reading = tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Energy in Wh, the series where there are readings between, and what a person should look at."""

    energy_wh: int
    meter_start_wh: int | None
    series: Series | None
    flags: list[Flag] = field(default_factory=list)


def outcome(
    began: datetime, meter_start: int | None, readings: Iterable[Reading], ended: datetime, meter_stop: int | None
) -> Outcome:
    """Return what the charge came to. A register that is missing or negative is none: the nearest reading stands in."""
    between = sorted((at, wh) for at, wh in readings if began < at < ended and wh >= 0)
    start, stop = _register(meter_start), _register(meter_stop)
    rows = [*([(began, start)] if start is not None else []), *between, *([(ended, stop)] if stop is not None else [])]
    rows = _without_dips(rows)
    flags = [] if start is not None and stop is not None else [Flag.METER_MISSING]
    if not rows:
        return Outcome(0, start, None, flags)
    energy = rows[-1][1] - rows[0][1]
    if any(later < earlier for (_, earlier), (_, later) in pairwise(rows)):
        return Outcome(max(0, energy), start, None, [*flags, Flag.METER_BACKWARDS])
    return Outcome(energy, start, _series(_one_an_instant(rows)), flags)


def _register(wh: int | None) -> int | None:
    return wh if wh is not None and wh >= 0 else None


def _one_an_instant(rows: Sequence[Reading]) -> list[Reading]:
    """The last of several readings of one second: steps of less have no place in a series."""
    return list({at.replace(microsecond=0): (at.replace(microsecond=0), wh) for at, wh in rows}.values())


def _without_dips(rows: list[Reading]) -> list[Reading]:
    """Leave out a lone reading that falls below both of its neighbours: meters that drop to zero once and return."""
    inner = zip(rows, rows[1:], rows[2:], strict=False)
    kept = [here for before, here, after in inner if not (here[1] < before[1] <= after[1])]
    return [*rows[:1], *kept, *rows[-1:]] if len(rows) > 1 else rows


def _series(rows: list[Reading]) -> Series | None:
    if len(rows) < 3:
        return None
    try:
        return from_register(rows)
    except UnusableReadings:
        return None
