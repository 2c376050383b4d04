"""When each price of a tariff counts, in words: hours of the week, and which price above comes first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from billing.domain.lint.order import night_is_dearer, turned
from billing.domain.lint.reach import Reach, reach
from billing.domain.tariff.model import WEEKDAYS, Dimension, Tariff
from billing.domain.tariff.windows import MINUTES_OF_DAY
from portal.words.tariffs import days

#: Windows of a day that are named; more are counted.
MOST_WINDOWS = 4


@dataclass(frozen=True, slots=True)
class Counting:
    """When a price counts: a sentence, and whether it ever does."""

    sentence: str
    never: bool


#: Of a row that says nothing, or not yet.
SILENT = Counting("", never=False)


def counting(tariff: Tariff, numbers: Mapping[tuple[int, Dimension], int]) -> dict[int, Counting]:
    """What is to be said of each row. numbers: of the prices, by element and dimension, as the reader counts them."""
    found = {}
    for one in reach(tariff):
        number = numbers.get((one.element, one.dimension))
        if number is not None:
            above = [numbers[key] for key in ((each, one.dimension) for each in one.behind) if key in numbers]
            found[number] = _told(one, above)
    return found


def _told(one: Reach, above: list[int]) -> Counting:
    named = ", ".join(str(number) for number in sorted(above))
    facts = {"numbers": named, "hours": _("at all hours") if one.minutes.all() else hours_of_week(one.minutes)}
    match bool(one.minutes.any()), bool(named):
        case False, True:
            said = _("Never applies: price %(numbers)s above always comes first.")
        case False, False:
            said = _("Never applies: its conditions exclude each other.")
        case True, True:
            said = _("Applies %(hours)s. Where price %(numbers)s applies too, that one comes first.")
        case _:
            said = _("Applies %(hours)s.")
    return Counting(said % facts, never=not one.minutes.any())


def turned_words(old: Tariff | None, new: Tariff) -> list[str]:
    """What of new prices may be a slip: hours that change places, or a night that is dearer than the day."""
    said = []
    found = turned(old, new) if old else None
    if found is not None:
        said.append(
            _("The order is reversed: %(risen)s was cheaper than %(fallen)s and becomes dearer.")
            % {"risen": hours_of_week(found.risen), "fallen": hours_of_week(found.fallen)}
        )
    if night_is_dearer(new) and not (old and night_is_dearer(old)):
        said.append(_("Night becomes dearer than day."))
    return said


def hours_of_week(minutes: np.ndarray[Any, Any]) -> str:
    """Minutes of the week as hours, equal days together: `Mon–Fri 06:00–22:00; Sat, Sun 00:00–24:00`."""
    by_day = minutes.reshape(len(WEEKDAYS), MINUTES_OF_DAY)
    groups: dict[bytes, list[int]] = {}
    for day, table in enumerate(by_day):
        if table.any():
            groups.setdefault(table.tobytes(), []).append(day)
    return "; ".join(_day_and_hours(listed, by_day[listed[0]]) for listed in groups.values())


def _day_and_hours(listed: list[int], table: np.ndarray[Any, Any]) -> str:
    named = days([WEEKDAYS[day] for day in listed]) or _("every day")
    return f"{named} {_windows(table)}"


def _windows(day: np.ndarray[Any, Any]) -> str:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], day, [False]]).astype(np.int8)))
    found = [f"{_clock(first)}–{_clock(last)}" for first, last in zip(edges[::2], edges[1::2], strict=True)]
    return ", ".join(found if len(found) <= MOST_WINDOWS else [*found[:MOST_WINDOWS], "…"])


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
