"""The week of a tariff's rows: which of them gives each hour its price, and hours painted with another.

The rows are the only truth. A row that depends on hours and days alone is drawn and can be painted with; painting gives
the chosen hours to it and takes them from the others, and writes rows anew only where they no longer say their hours.
What else a price depends on (energy, season, reservation …) stays as it is and where it is: no row passes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from typing import Any, Final

import numpy as np

from billing.domain.tariff.model import WEEKDAYS, Dimension, Restrictions
from billing.domain.tariff.windows import MINUTES_OF_DAY, MINUTES_OF_WEEK, WeekTable, week_table
from portal.web.finance.tariffs.row_form import RowForm
from portal.web.finance.tariffs.rows import MINUTES_OF_HOUR
from tenants.bounds import whole_of

#: Begins the name of the brush that takes hours from every price of a dimension.
NOTHING: Final = "no-"


@dataclass(frozen=True, slots=True)
class Hours:
    """Some hours of some days, as a row says them; no times and no days: always."""

    start: time | None
    end: time | None
    days: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Week:
    """The rows of one dimension. `written`: what hours a row asks for, by its index; of rows that can be painted with.

    `fixed`: the places of the others that may price the same.
    """

    written: Mapping[int, WeekTable]
    fixed: frozenset[int]

    def owned(self) -> dict[int, WeekTable]:
        """The minutes in which each row counts: those that no row above it asks for."""
        free, owned = np.ones(MINUTES_OF_WEEK, dtype=bool), {}
        for index, minutes in self.written.items():
            owned[index] = minutes & free
            free = free & ~minutes
        return owned

    def painted(self, brush: int | None, minutes: WeekTable, count: int) -> list[tuple[int, list[Hours] | None]]:
        """Give minutes to a row, or to none: all rows in their new order with their new hours, None where as they were.

        The fewest prices get lost, then the fewest rows are made, then the fewest others are touched.
        """
        owned = {index: mine & ~minutes for index, mine in self.owned().items()}
        if brush is not None:
            owned[brush] = owned[brush] | minutes
        orders = [list(range(count))]
        if brush is not None:
            orders.append(self._with_first(brush, orders[0]))
        return min((self._spread(order, owned) for order in orders), key=lambda said: _cost(said, brush))

    def _with_first(self, brush: int, order: list[int]) -> list[int]:
        """The order with a row above all that it may pass."""
        first = 1 + max((index for index in self.fixed if index < brush), default=-1)
        others = [index for index in order if index != brush]
        return [*others[:first], brush, *others[first:]]

    def _spread(self, order: list[int], owned: Mapping[int, WeekTable]) -> list[tuple[int, list[Hours] | None]]:
        taken, said = np.zeros(MINUTES_OF_WEEK, dtype=bool), []
        for index in order:
            written = self.written.get(index)
            stays = written is None or bool(((written & ~taken) == owned[index]).all())
            said.append((index, None if stays else hours_of(owned[index])))
            if written is not None:
                taken = taken | owned[index]
        return said


def week_of(forms: Sequence[RowForm], dimension: Dimension) -> Week:
    """The week of the rows for one thing. The forms are bound; what cannot be read is left alone."""
    written: dict[int, WeekTable] = {}
    fixed: set[int] = set()
    for index, form in enumerate(forms):
        if form.says_nothing or not prices(form, dimension):
            continue
        minutes = own_minutes(form)
        if minutes is None:
            fixed.add(index)
        else:
            written[index] = minutes
    return Week(written, frozenset(fixed))


def prices(form: RowForm, dimension: Dimension) -> bool:
    """Whether the row prices this; one that stays as it is may."""
    form.full_clean()
    return bool(form["kept"].value()) or form.dimension is dimension


def own_minutes(form: RowForm) -> WeekTable | None:
    """The minutes of the week that a row asks for; None if it depends on anything but hours and days."""
    unread = {"start", "end", "days"} & set(form.errors)
    if unread or any(form[name].value() for name in ("kept", *RowForm.CONDITIONS)):
        return None
    facts = form.cleaned_data
    table = week_table(Restrictions(start_time=facts["start"], end_time=facts["end"], day_of_week=tuple(facts["days"])))
    return np.ones(MINUTES_OF_WEEK, dtype=bool) if table is None else table


def paint(rows: list[dict[str, Any]], forms: Sequence[RowForm], brush: str, minutes: WeekTable) -> list[dict[str, Any]]:
    """The rows as they were entered after some hours were painted; unchanged where there is no such brush."""
    found = brush_of(forms, brush)
    if found is None:
        return rows
    dimension, index = found
    said = week_of(forms, dimension).painted(index, minutes, len(rows))
    return [row for at, hours in said for row in _with_hours(rows[at], hours)]


def brush_of(forms: Sequence[RowForm], brush: str) -> tuple[Dimension, int | None] | None:
    """What is painted, and the index of the row with which; none: what takes hours from all."""
    if brush.startswith(NOTHING):
        name = brush.removeprefix(NOTHING)
        return (Dimension[name], None) if name in Dimension.__members__ else None
    index = whole_of(brush, most=len(forms))
    if index is None or index == len(forms) or forms[index]["kept"].value():
        return None
    forms[index].full_clean()
    dimension = forms[index].dimension
    return (dimension, index) if index in week_of(forms, dimension).written else None


def _with_hours(row: dict[str, Any], said: list[Hours] | None) -> list[dict[str, Any]]:
    if said is None:
        return [row]
    return [{**row, "start": one.start, "end": one.end, "days": list(one.days)} for one in said]


def hours_of(minutes: WeekTable) -> list[Hours]:
    """Minutes of the week as few rows: the same hours of several days are one, so are an evening and its morning."""
    days_of: dict[tuple[int, int], list[str]] = {}
    for day, name in enumerate(WEEKDAYS):
        for window in _windows(minutes[day * MINUTES_OF_DAY : (day + 1) * MINUTES_OF_DAY]):
            days_of.setdefault(window, []).append(name)
    longest = sorted(days_of.items(), key=lambda item: -len(item[1]) * _length(*item[0]))
    whole = len(WEEKDAYS)
    return [Hours(*_clocks(window), () if len(days) == whole else tuple(days)) for window, days in longest]


def rectangle(text: str) -> WeekTable | None:
    """`0:4:22:24`, from Monday to Friday from 22 to 24, as minutes; None for anything else."""
    parts = [whole_of(part, most=24) for part in text.split(":")]
    if len(parts) != 4 or None in parts:
        return None
    first, last, start, end = (part or 0 for part in parts)
    if not (first <= last < len(WEEKDAYS) and start < end):
        return None
    minutes = np.zeros((len(WEEKDAYS), MINUTES_OF_DAY), dtype=bool)
    minutes[first : last + 1, start * MINUTES_OF_HOUR : end * MINUTES_OF_HOUR] = True
    return minutes.ravel()


def _windows(day: WeekTable) -> list[tuple[int, int]]:
    """From when to when; of one that begins with the day and one that ends with it, the night that holds both."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], day, [False]]).astype(np.int8))).tolist()
    found = list(zip(edges[::2], edges[1::2], strict=True))
    if len(found) > 1 and found[0][0] == 0 and found[-1][1] == MINUTES_OF_DAY:
        return [(found[-1][0], found[0][1]), *found[1:-1]]
    return found


def _length(start: int, end: int) -> int:
    return end - start if start < end else end - start + MINUTES_OF_DAY


def _clocks(window: tuple[int, int]) -> tuple[time | None, time | None]:
    if window == (0, MINUTES_OF_DAY):
        return None, None
    start, end = (time(*divmod(minute % MINUTES_OF_DAY, MINUTES_OF_HOUR)) for minute in window)
    return start, end


def _cost(said: list[tuple[int, list[Hours] | None]], brush: int | None) -> tuple[int, int, int]:
    new = [(index, hours) for index, hours in said if hours is not None]
    lost, rows = sum(not hours for _, hours in new), sum(len(hours) - 1 for _, hours in new)
    return lost, rows, sum(index != brush for index, _ in new)
