"""Times of day and weekdays as a table of the week.

Restrictions by clock are given in whole minutes of local time, so whether they hold is a table with one entry for each
of the 10,080 minutes of a week; looking it up costs the same for one window and for twenty-four.

Reading of the open points: only a start means until midnight, only an end means from midnight; an end of 00:00 is the
end of the day; an end before the start wraps past midnight; start equal to end is the whole day (the tariff lint warns
of it). Weekday and time are judged independently at each instant: Friday 22:00-06:00 ends at Friday's midnight.
"""

from __future__ import annotations

from datetime import time
from typing import Any, Final

import numpy as np

from billing.domain.arrays import Ints
from billing.domain.tariff.model import WEEKDAYS, Restrictions

MINUTES_OF_DAY: Final = 1440
MINUTES_OF_WEEK: Final = 7 * MINUTES_OF_DAY
#: 1970-01-01 was a Thursday; the table begins with Monday.
_MONDAY: Final = 3 * MINUTES_OF_DAY

WeekTable = np.ndarray[Any, np.dtype[np.bool_]]


def minute_of_week(local_seconds: Ints) -> Ints:
    """The minute of the week, from Monday 00:00, at instants of the local clock."""
    result: Ints = (local_seconds // 60 + _MONDAY) % MINUTES_OF_WEEK
    return result


def week_table(restrictions: Restrictions) -> WeekTable | None:
    """Whether time of day and weekday hold, by minute of the week; None if neither is restricted."""
    start, end = restrictions.start_time, restrictions.end_time
    days = restrictions.day_of_week
    if start is None and end is None and not days:
        return None
    day = _day_table(_minute(start), _minute(end))
    listed = [name in days or not days for name in WEEKDAYS]
    return np.concatenate([day & wanted for wanted in listed])


def _minute(clock: time | None) -> int:
    return 0 if clock is None else clock.hour * 60 + clock.minute


def _day_table(start: int, end: int) -> WeekTable:
    minutes = np.arange(MINUTES_OF_DAY)
    if end <= start:
        return (minutes >= start) | (minutes < end)
    return (minutes >= start) & (minutes < end)
