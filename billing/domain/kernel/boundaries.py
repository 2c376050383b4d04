"""The instants at which a tariff's calendar can change its price, in a zone and between two instants.

Local time runs evenly between two changes of the zone's offset. Within each such stretch the bounds of the week table
and the dates of the tariff are laid down in local time and shifted to UTC; the change of offset is a bound itself. An
instant too many does no harm: slices of equal price are merged again.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from billing.domain import zones
from billing.domain.arrays import Ints
from billing.domain.kernel.plan import Plan, bounds_of, candidates_of
from billing.domain.tariff.windows import MINUTES_OF_WEEK

_WEEK_S: Final = MINUTES_OF_WEEK * 60
#: Seconds from Monday 00:00 to the epoch, a Thursday.
_EPOCH_IN_WEEK: Final = 3 * 86400
_DAY_S: Final = 86400


def calendar_instants(plan: Plan, tariff: int, zone: str, first: int, last: int) -> Ints:
    """Sorted UTC instants within [first, last] at which an element of this tariff may begin or cease to apply."""
    minutes = _change_minutes(plan, tariff)
    days = sorted(bounds_of(plan, tariff).get("day", ()))
    if len(minutes) == 0 and not days:
        return np.zeros(0, dtype=np.int64)
    begins, offsets = zones.between(zone, first, last)
    found = [begins[1:]]
    ends = np.append(begins[1:], last + 1)
    for begin, end, offset in zip(begins.tolist(), ends.tolist(), offsets.tolist(), strict=True):
        found.append(_weekly(minutes, begin + offset, end + offset) - offset)
        midnights = np.array(days, dtype=np.int64) * _DAY_S - offset
        found.append(midnights[(midnights >= begin) & (midnights < end)])
    return np.unique(np.concatenate(found))


@lru_cache(maxsize=1024)
def _change_minutes(plan: Plan, tariff: int) -> Ints:
    """Minutes of the week at which the week table of some candidate changes. Every block of sessions asks for them."""
    tables = [one.week for one in candidates_of(plan, tariff) if one.week is not None]
    changes = np.zeros(MINUTES_OF_WEEK, dtype=np.bool_)
    for table in tables:
        changes |= table != np.roll(table, 1)
    return np.flatnonzero(changes)


def _weekly(minutes: Ints, first: int, last: int) -> Ints:
    """Instants of the local clock within [first, last) at which these minutes of the week begin."""
    weeks = np.arange((first + _EPOCH_IN_WEEK) // _WEEK_S, (last + _EPOCH_IN_WEEK) // _WEEK_S + 1)
    instants = (weeks[:, None] * _WEEK_S + minutes[None, :] * 60 - _EPOCH_IN_WEEK).ravel()
    return instants[(instants >= first) & (instants < last)]
