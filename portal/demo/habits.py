"""Who charges when: a year of sessions with quarter-hour series, from habits and seasons.

Pure: takes locations, cards and days, and yields sessions as objects of the import's standard format
(one JSON object a line). Residents charge at night, commuters by day, guests on the road; winter
takes a third more energy than summer; weekends move people from work to the road; now and then a
cable is pulled, a station loses power, a car sits full for hours.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

QUARTER_S = 900


@dataclass(frozen=True, slots=True)
class Habit:
    """How people of a kind charge.

    per_week: sessions in an average week. hours: usual plug-in hour and its spread.
    kwh: usual energy and its spread. power_w: what the car takes at this kind of outlet.
    stay_h: usual hours until the car leaves, at least as long as it charges.
    weekend: factor on the likelihood at weekends.
    """

    per_week: float
    hours: tuple[float, float]
    kwh: tuple[float, float]
    power_w: tuple[int, ...]
    stay_h: tuple[float, float]
    weekend: float


HABITS = {
    "home": Habit(2.6, (18.2, 2.4), (21.0, 9.0), (3_700, 7_400, 11_000), (11.0, 2.5), 0.9),
    "work": Habit(1.9, (8.1, 0.7), (17.0, 7.0), (3_700, 7_400, 11_000), (8.2, 1.2), 0.08),
    "public": Habit(1.3, (13.5, 4.0), (14.0, 8.0), (7_400, 11_000, 22_000), (2.6, 1.6), 1.3),
    "fast": Habit(0.8, (14.5, 4.2), (31.0, 11.0), (48_000, 75_000, 120_000), (0.0, 0.1), 1.7),
}


@dataclass(frozen=True, slots=True)
class Card:
    """A card and where its holder usually charges: the kind and index of a location."""

    uid: str
    kind: str
    location: int


@dataclass(frozen=True, slots=True)
class Outlets:
    """A location as the habits see it."""

    name: str
    kind: str
    outlets: list[tuple[str, str]]


def sessions(
    cards: list[Card], locations: list[Outlets], *, first: date, last: datetime, zone: ZoneInfo, seed: str
) -> Iterator[dict[str, Any]]:
    """Yield the sessions from the first day up to the last moment, in order of their start.

    An outlet holds one car at a time: who finds all of them taken drives on.
    """
    random = Random(seed)  # noqa: S311  # plausible, not secret
    free: dict[int, list[tuple[datetime, str, str]]] = {
        index: [(datetime.min.replace(tzinfo=zone), *outlet) for outlet in location.outlets]
        for index, location in enumerate(locations)
    }
    number = 0
    for start, card, location in _arrivals(cards, locations, first=first, last=last, zone=zone, random=random):
        ready, station, connector = free[location][0]
        if ready > start:
            continue
        row = _session(random, start, HABITS[locations[location].kind], locations[location].kind, zone)
        ended = datetime.fromisoformat(row["ended_at"])
        if ended > last:
            continue
        number += 1
        heapq.heapreplace(free[location], (ended + timedelta(minutes=5), station, connector))
        yield {
            "session_id": f"{seed}-{number:06}",
            "site": locations[location].name,
            "station": station,
            "connector": connector,
            "token": card.uid,
            **row,
        }


def _arrivals(
    cards: list[Card], locations: list[Outlets], *, first: date, last: datetime, zone: ZoneInfo, random: Random
) -> Iterator[tuple[datetime, Card, int]]:
    on_the_road = [index for index, location in enumerate(locations) if location.kind in {"public", "fast"}]
    for offset in range((last.astimezone(zone).date() - first).days + 1):
        day = first + timedelta(days=offset)
        today = []
        for card in cards:
            location = card.location if random.random() < 0.85 else random.choice(on_the_road)
            habit = HABITS[locations[location].kind]
            likely = habit.per_week / 7 * (habit.weekend if day.weekday() >= 5 else 1.0) * _holiday(day, card.kind)
            if random.random() < likely:
                today.append((_moment(random, day, habit, zone), card, location))
        yield from sorted(today, key=lambda arrival: arrival[0])


def _holiday(day: date, kind: str) -> float:
    """Less commuting in July and around Christmas, more driving on the road."""
    away = day.month == 7 or (day.month == 12 and day.day >= 22)
    return 1.0 if not away else (0.35 if kind in {"home", "work"} else 1.6)


def _season(day: datetime) -> float:
    """Energy of a month relative to the year's average: cold batteries and heated cabins."""
    return (1.24, 1.2, 1.1, 0.98, 0.9, 0.86, 0.85, 0.86, 0.92, 1.0, 1.1, 1.2)[day.month - 1]


def _moment(random: Random, day: date, habit: Habit, zone: ZoneInfo) -> datetime:
    hour = min(max(random.gauss(*habit.hours), 0.0), 23.9)
    local = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("UTC")) + timedelta(seconds=int(hour * 3600))
    shifted = local.replace(tzinfo=zone)
    # An hour that the clock skips in spring becomes the next one.
    return shifted.astimezone(ZoneInfo("UTC")).astimezone(zone)


def _session(random: Random, start: datetime, habit: Habit, kind: str, zone: ZoneInfo) -> dict[str, Any]:
    wanted_wh = int(max(random.gauss(*habit.kwh), 1.5) * 1000 * _season(start))
    series = _series(random, wanted_wh, random.choice(habit.power_w))
    reason, chance = "EVDisconnected", random.random()
    if chance < 0.012:  # the cable is pulled, or the power is lost, early
        series = series[: max(1, len(series) // 4)]
        reason = "PowerLoss" if chance < 0.004 else "Local"
    charging_s = len(series) * QUARTER_S - random.randint(0, 600)
    stay_s = (
        max(charging_s, int(random.gauss(*habit.stay_h) * 3600))
        if kind != "fast"
        else charging_s + random.randint(20, 400)
    )
    utc = ZoneInfo("UTC")
    began, ended = start.astimezone(utc), start.astimezone(utc) + timedelta(seconds=max(stay_s, 120))
    return {
        "started_at": began.isoformat(),
        "ended_at": ended.isoformat(),
        "energy_wh": sum(series),
        "stop_reason": reason,
        "series_start": began.isoformat(),
        "series_interval_s": QUARTER_S,
        "series_wh": series,
    }


def _series(random: Random, wanted_wh: int, power_w: int) -> list[int]:
    """Energy of each quarter of an hour: full power, then the tail of a battery that is nearly full."""
    full = power_w // 4
    slots: list[int] = []
    left = wanted_wh
    while left > 0 and len(slots) < 96:
        share = 1.0 if left > full * 2 else 0.55
        slot = min(left, max(40, int(full * share * random.uniform(0.93, 1.0))))
        slots.append(slot)
        left -= slot
    return slots
