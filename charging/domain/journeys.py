"""What a card cannot do: charge in two places at once, or get from one to the other faster than any car."""

import math
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

#: No car gets on faster; and so far may the clocks of two stations be apart.
MOST_KMH, CLOCKS = 200, timedelta(minutes=5)
#: Sites that are closer are one place.
ONE_PLACE_KM = 1.0
#: Who tries more different cards than these at one station, none of them known, within this time, is guessing.
MOST_UNKNOWN, WITHIN = 20, timedelta(minutes=10)
_EARTH_KM = 6371.0


class Oddity(StrEnum):
    """What is odd. Stored, so the codes never change."""

    GUESSING = "guessing"
    TWO_PLACES = "two_places"
    TOO_FAST = "too_fast"


@dataclass(frozen=True, slots=True)
class Stay:
    """A charge with a card: at which site, from when until when. place: latitude and longitude, if they are known."""

    site: int
    began: datetime
    ended: datetime
    place: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Journey:
    """Why two stays cannot be those of one card. minutes: between them; km: None where a place is not known."""

    oddity: Oddity
    minutes: int
    km: int | None


def judge(one: Stay, other: Stay) -> Journey | None:
    """Return why the two cannot be one card's; None when they can."""
    km = _km(one.place, other.place) if one.place and other.place else None
    if one.site == other.site or (km is not None and km < ONE_PLACE_KM):
        return None
    first, then = sorted((one, other), key=lambda stay: stay.began)
    between = then.began - first.ended
    minutes, rounded = max(0, round(between / timedelta(minutes=1))), None if km is None else round(km)
    if between < -CLOCKS:
        return Journey(Oddity.TWO_PLACES, 0, rounded)
    hours = (max(between, timedelta(0)) + CLOCKS) / timedelta(hours=1)
    return Journey(Oddity.TOO_FAST, minutes, rounded) if km is not None and km / hours > MOST_KMH else None


def _km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The way as the crow flies (haversine)."""
    (north, east), (to_north, to_east) = ((math.radians(a), math.radians(b)) for a, b in (one, other))
    across = math.cos(north) * math.cos(to_north) * math.sin((to_east - east) / 2) ** 2
    return 2 * _EARTH_KM * math.asin(math.sqrt(math.sin((to_north - north) / 2) ** 2 + across))


class Guesses:
    """The unknown cards that were tried at one station lately."""

    def __init__(self) -> None:
        self._tried: OrderedDict[str, float] = OrderedDict()

    def is_guessing(self, id_tag: str, at_s: float) -> bool:
        """Note an unknown card, and tell whether there have been too many different ones. at_s: by a steady clock."""
        self._tried[id_tag.upper()] = at_s
        self._tried.move_to_end(id_tag.upper())
        while len(self._tried) > MOST_UNKNOWN + 1 or next(iter(self._tried.values())) < at_s - WITHIN.total_seconds():
            self._tried.popitem(last=False)
        return len(self._tried) > MOST_UNKNOWN
