"""The course of a session: plugged in, charging, parked, unplugged, as known from its end of charging or its readings.

What a session itself says of the end of charging counts. Where it says nothing, the last slot in which its meter
counted anything tells it; prices do not follow from that, only what a person is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Phase(StrEnum):
    """What the car does while it is plugged in."""

    WAITING = "waiting"
    CHARGING = "charging"
    PARKED = "parked"


@dataclass(frozen=True, slots=True)
class Course:
    """Instants of a session, in their order. `charged_until` is None while it goes on or where nothing tells it."""

    started: datetime
    charging_from: datetime
    charged_until: datetime | None
    ended: datetime | None

    def phases(self) -> list[tuple[Phase, datetime, datetime]]:
        """What the car did from when until when; nothing that took no time, and nothing of a session in progress."""
        if self.ended is None:
            return []
        until = self.charged_until or self.ended
        found = [
            (Phase.WAITING, self.started, self.charging_from),
            (Phase.CHARGING, self.charging_from, until),
            (Phase.PARKED, until, self.ended),
        ]
        return [(phase, begin, end) for phase, begin, end in found if begin < end]

    def average_w(self, energy_wh: int | None) -> int | None:
        """Energy over the time it charged, in W; None while either is not known."""
        end = self.charged_until or self.ended
        if end is None or energy_wh is None:
            return None
        seconds = int((end - self.charging_from).total_seconds())
        return energy_wh * 3600 // seconds if seconds > 0 else None


def course_of(  # one argument a fact
    *,
    started: datetime,
    ended: datetime | None,
    charging_ended: datetime | None,
    series_start: datetime | None,
    interval_s: int | None,
    series_wh: Sequence[int | None] | None,
) -> Course:
    """The course of a session by its facts; slots of the meter are as exact as they are long."""
    counted = [index for index, wh in enumerate(series_wh or ()) if wh]
    if not counted or series_start is None or not interval_s:
        return Course(started, started, charging_ended, ended)
    slot = timedelta(seconds=interval_s)
    first, last = series_start + counted[0] * slot, series_start + (counted[-1] + 1) * slot
    until = charging_ended or (None if ended is None else min(max(last, started), ended))
    begin = first if first >= started + slot else started
    return Course(started, min(begin, until or begin), until, ended)
