"""Local time of many instants at once, for any IANA zone.

The offset of a zone is a step function. Its steps are found once per zone and year through `zoneinfo` and kept; a
batch then needs one comparison per step that lies inside it. The repeated hour in autumn and the missing one in spring
come out right because only real instants are converted, never local clock readings.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from billing.domain.arrays import Ints
from billing.domain.errors import UnknownZone

#: Beyond this many steps in a batch a binary search is cheaper than one comparison per step.
_MANY_STEPS: Final = 16
_PROBE: Final = timedelta(hours=12)


@lru_cache(maxsize=1024)
def zone_named(name: str) -> ZoneInfo:
    """The zone of that IANA name.

    Raises:
        UnknownZone: the database has no such zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UnknownZone(field="time_zone", value=name) from None


def known(name: str) -> bool:
    """Whether the IANA database has a zone of that name."""
    try:
        return bool(zone_named(name))
    except UnknownZone:
        return False


@lru_cache(maxsize=4096)
def _steps_of_year(name: str, year: int) -> tuple[tuple[int, int], ...]:
    """Instants in `year` (UTC) from which a new offset holds, as (epoch seconds, offset in seconds)."""
    zone = zone_named(name)
    moment, last = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    steps = []
    while moment < last:
        after = moment + _PROBE
        if _offset(zone, moment) != _offset(zone, after):
            instant = _bisect(zone, moment, after)
            steps.append((instant, _offset(zone, after)))
        moment = after
    return tuple(steps)


def _offset(zone: ZoneInfo, moment: datetime) -> int:
    shift = moment.astimezone(zone).utcoffset()
    return int(shift.total_seconds()) if shift is not None else 0


def _bisect(zone: ZoneInfo, before: datetime, after: datetime) -> int:
    """The first second of (before, after] at which the offset differs from that of `before`."""
    low, high = int(before.timestamp()), int(after.timestamp())
    old = _offset(zone, before)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, datetime.fromtimestamp(middle, UTC)) == old:
            low = middle
        else:
            high = middle
    return high


@lru_cache(maxsize=4096)
def steps(name: str, first_year: int, last_year: int) -> tuple[Ints, Ints]:
    """Offsets of the zone over these years: (instants from which they hold, offsets)."""
    begin = datetime(first_year, 1, 1, tzinfo=UTC)
    found = [(int(begin.timestamp()), _offset(zone_named(name), begin))]
    for year in range(first_year, last_year + 1):
        found.extend(_steps_of_year(name, year))
    instants, offsets = zip(*found, strict=True)
    return np.array(instants, dtype=np.int64), np.array(offsets, dtype=np.int64)


def _year(instant: int) -> int:
    return datetime.fromtimestamp(instant, UTC).year


def offsets(name: str, instants: Ints) -> Ints:
    """Seconds to add to each UTC instant to read the local clock there."""
    from_instants, values = between(name, int(instants.min()), int(instants.max()))
    if len(values) > _MANY_STEPS:
        result: Ints = values[np.searchsorted(from_instants, instants, side="right") - 1]
        return result
    shifts = np.full(instants.shape, values[0])
    for position in range(1, len(values)):
        shifts += (instants >= from_instants[position]) * (values[position] - values[position - 1])
    return shifts


def between(name: str, first: int, last: int) -> tuple[Ints, Ints]:
    """Offsets that hold within [first, last]: (instants from which they hold, the first being `first`; offsets)."""
    from_instants, values = steps(name, _year(first), _year(last))
    begin = int(np.searchsorted(from_instants, first, side="right")) - 1
    end = int(np.searchsorted(from_instants, last, side="right"))
    instants = from_instants[begin:end].copy()
    instants[0] = first
    return instants, values[begin:end]
