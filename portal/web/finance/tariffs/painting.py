"""The week as it is drawn beside the rows of a tariff: brushes, a row each, and the hours that each of them has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import numpy as np
from django.utils.dates import WEEKDAYS as DAY_NAMES
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _

from billing.domain.tariff.model import WEEKDAYS, Dimension
from billing.domain.tariff.windows import MINUTES_OF_DAY, MINUTES_OF_WEEK, WeekTable
from portal.web.finance.tariffs.form import TariffEntry
from portal.web.finance.tariffs.row_form import RowForm
from portal.web.finance.tariffs.rows import MINUTES_OF_HOUR
from portal.web.finance.tariffs.week import NOTHING, Week, brush_of, week_of
from portal.words import tariffs as tariff_words
from portal.words.measures import unit_price
from portal.words.tariff_reach import hours_of_week


@dataclass(frozen=True, slots=True)
class Brush:
    """What hours are painted with: a row, or no price (`number` 0). `value`: its name in the form."""

    value: str
    number: int
    words: str
    band: int


@dataclass(frozen=True, slots=True)
class Hour:
    """An hour of the week and what gives its price: `label` says both. `is_split`: it changes within the hour."""

    at: int
    number: int
    band: int
    label: str
    is_split: bool


@dataclass(frozen=True, slots=True)
class PaintedWeek:
    """`days`: (name, its hours), Monday first, of what the chosen brush prices. `said`: what was just painted."""

    brushes: list[Brush]
    chosen: str
    days: list[tuple[str, list[Hour]]]
    note: str
    said: str


_EMPTY: Final = PaintedWeek([], "", [], "", "")
_HOURS: Final = MINUTES_OF_DAY // MINUTES_OF_HOUR


def of_rows(entry: TariffEntry, painted: WeekTable | None) -> PaintedWeek:
    """Draw the rows of a form that is bound; those that cannot be read or depend on more than hours are left out.

    painted: the minutes that just were.
    """
    weeks = {dimension: week_of(entry.rows, dimension) for dimension in tariff_words.WHAT}
    currency = str(entry.terms["currency"].value() or "")
    brushes = {
        dimension: _brushes(entry.rows, dimension, week, currency) for dimension, week in weeks.items() if week.written
    }
    if not brushes:
        return _EMPTY
    found = brush_of(entry.rows, entry.brush)
    dimension = found[0] if found and found[0] in brushes else next(iter(brushes))
    offered = brushes[dimension]
    chosen = next((brush for brush in offered if brush.value == entry.brush), offered[0])
    return PaintedWeek(
        brushes=[brush for listed in brushes.values() for brush in listed],
        chosen=chosen.value,
        days=_days(weeks[dimension], {brush.number: brush for brush in offered}),
        note=tariff_words.not_drawn() if weeks[dimension].fixed else "",
        said="" if painted is None else f"{hours_of_week(painted)}: {chosen.words}",
    )


def _brushes(rows: Sequence[RowForm], dimension: Dimension, week: Week, currency: str) -> list[Brush]:
    prices = {index: _hourly(rows[index]) for index in week.written}
    bands = tariff_words.bands(sorted({price for price in prices.values() if price is not None}))
    listed = [
        Brush(str(index), index + 1, _words(rows[index], dimension, currency), 0 if price is None else bands[price])
        for index, price in prices.items()
    ]
    nothing = _("%(what)s: no price") % {"what": tariff_words.WHAT[dimension]}
    return [*listed, Brush(f"{NOTHING}{dimension.value}", 0, nothing, 0)]


def _hourly(row: RowForm) -> Decimal | None:
    """The price as it is compared: of an hour, a kWh or a session."""
    price: Decimal | None = row.cleaned_data.get("price")
    return price if price is None or not row.is_per_minute else price * MINUTES_OF_HOUR


def _words(row: RowForm, dimension: Dimension, currency: str) -> str:
    units = tariff_words.PER_UNIT if row.is_per_minute else tariff_words.PER_HOUR_UNIT
    price = row.cleaned_data.get("price")
    said = "–" if price is None else f"{unit_price(price, currency)}{units[dimension]}"
    return f"{tariff_words.WHAT[dimension]} {said}"


def _days(week: Week, brushes: dict[int, Brush]) -> list[tuple[str, list[Hour]]]:
    by_minute = np.zeros(MINUTES_OF_WEEK, dtype=np.int64)
    for index, minutes in week.owned().items():
        by_minute[minutes] = index + 1
    hours = by_minute.reshape(len(WEEKDAYS), _HOURS, MINUTES_OF_HOUR)
    return [
        (str(WEEKDAYS_ABBR[day]), [_hour(day, at, hours[day, at].tolist(), brushes) for at in range(_HOURS)])
        for day in range(len(WEEKDAYS))
    ]


def _hour(day: int, at: int, minutes: list[int], brushes: dict[int, Brush]) -> Hour:
    found = [brushes[number] for number in dict.fromkeys(minutes)]
    said = " / ".join(brush.words for brush in found)
    return Hour(at, found[0].number, found[0].band, f"{DAY_NAMES[day]} {at:02d}–{at + 1:02d}, {said}", len(found) > 1)
