"""The composite schedule: how much a station says it may draw from when on, out of all limits that hold there."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from charging.domain.ocpp import frames, v16
from charging.domain.ocpp.frames import Answer

MOST_PERIODS = 100


@dataclass(frozen=True, slots=True)
class Schedule:
    """unit: `A` or `W`. steps: from when on, and how much at most. outlet: its number, `0` for the whole station."""

    outlet: str
    unit: str
    steps: tuple[tuple[datetime, Decimal], ...]


def read(raw: str, outlet: str, asked_at: datetime) -> Schedule | None:
    """Read an answer to `GET_SCHEDULE` of either version; None where it tells no schedule.

    asked_at: stands in for the beginning where the station does not say it.
    """
    said = frames.read(raw)
    payload = said.payload if isinstance(said, Answer) and said.payload else {}
    schedule = payload.get("chargingSchedule", payload.get("schedule"))
    if not isinstance(schedule, dict):
        return None
    start = payload.get("scheduleStart") or schedule.get("scheduleStart") or schedule.get("startSchedule")
    began = v16.instant(start) or asked_at
    steps = [_step(began, row) for row in v16.rows(schedule.get("chargingSchedulePeriod"))[:MOST_PERIODS]]
    unit = frames.text(schedule, "chargingRateUnit", 1)
    return Schedule(outlet or "0", unit, tuple(step for step in steps if step is not None)) if unit else None


def _step(began: datetime, row: Any) -> tuple[datetime, Decimal] | None:
    if not isinstance(row, dict):
        return None
    after, limit = frames.whole(row, "startPeriod"), row.get("limit")
    if after is None or not isinstance(limit, int | float) or isinstance(limit, bool):
        return None
    try:
        return began + timedelta(seconds=after), Decimal(str(limit))
    except OverflowError:
        return None
