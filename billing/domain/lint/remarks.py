"""What a person should know about a tariff before publishing it.

None of this is an error: the tariff can be priced. But a gap gives energy away, an element that can never match is a
misunderstanding, and a price of 0.05 an hour was probably meant for a minute. Each finding has a stable code, the place
in the tariff and a sentence. What can and cannot match is decided exactly, on the grid of `grid`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import numpy as np

from billing.domain.kernel.choices import Candidate
from billing.domain.kernel.plan import Lane, Plan, make_plan
from billing.domain.lint.grid import Cells, Grid
from billing.domain.tariff.model import WEEKDAYS, Dimension, Element, PriceComponent, ReservationKind, Tariff
from billing.domain.tariff.windows import MINUTES_OF_DAY

_TIMED: Final = (Dimension.TIME, Dimension.PARKING_TIME)
#: An hourly price below this, in any currency, is suspiciously small.
_HOURLY: Final = Decimal(1)
#: Steps in this range are rarely meant in Wh or seconds: they look like kWh or minutes.
_SMALL_STEPS: Final = range(2, 11)
_SMALL_SECONDS: Final = range(2, 31)
_MANY_WINDOWS: Final = 6


@dataclass(frozen=True, slots=True)
class Finding:
    """A remark: a stable code, the place in the tariff, and a sentence."""

    code: str
    place: str
    sentence: str


def lint_tariff(tariff: Tariff) -> list[Finding]:
    """Every remark about a tariff: element by element, then about the whole."""
    found = [
        finding
        for number, element in enumerate(tariff.elements)
        for finding in _element(element, f"elements[{number}]")
    ]
    plan = make_plan((tariff,))
    for lane in plan.offers:
        for kind in (None, *ReservationKind):
            listed = [one for one in plan.listed if plan.components[one.component].lane is lane and one.kind is kind]
            found += _lane(plan, lane, listed)
    return [*found, *_whole(tariff)]


def _element(element: Element, place: str) -> Iterator[Finding]:
    seen: set[Dimension] = set()
    for number, component in enumerate(element.price_components):
        where = f"{place}.price_components[{number}]"
        if component.type in seen:
            yield Finding("SECOND_COMPONENT", where, f"The element already has a {component.type.value} price.")
        seen.add(component.type)
        yield from _component(component, where)
    yield from _windows(element, f"{place}.restrictions")


def _component(component: PriceComponent, place: str) -> Iterator[Finding]:
    price, step = component.price, component.step_size
    if price < 0:
        yield Finding("NEGATIVE_PRICE", f"{place}.price", f"A price of {price} pays the driver.")
    if component.type in _TIMED and 0 < price < _HOURLY:
        sentence = f"{price} is the price of an hour; if it was meant for a minute, write {price * 60}."
        yield Finding("PRICE_PER_MINUTE", f"{place}.price", sentence)
    if component.type is Dimension.ENERGY and step in _SMALL_STEPS:
        sentence = f"A step of {step} is {step} Wh; if kWh were meant, write {step * 1000}."
        yield Finding("STEP_IN_KWH", f"{place}.step_size", sentence)
    if component.type in _TIMED and step in _SMALL_SECONDS:
        sentence = f"A step of {step} is {step} seconds; if minutes were meant, write {step * 60}."
        yield Finding("STEP_IN_MINUTES", f"{place}.step_size", sentence)


def _windows(element: Element, place: str) -> Iterator[Finding]:
    asked = element.restrictions
    if asked.start_time is not None and asked.start_time == asked.end_time:
        sentence = f"start_time and end_time are both {asked.start_time:%H:%M}; that is read as the whole day."
        yield Finding("SAME_START_AND_END", place, sentence)
    wraps = asked.start_time and asked.end_time and asked.end_time.hour + asked.end_time.minute > 0
    if wraps and asked.start_time > asked.end_time and asked.day_of_week:  # type: ignore[operator]
        sentence = (
            "The window passes midnight and the weekday is judged at each instant: after midnight it holds only if "
            "the next day is listed too."
        )
        yield Finding("WEEKDAY_AT_MIDNIGHT", place, sentence)


def _lane(plan: Plan, lane: Lane, listed: list[Candidate]) -> Iterator[Finding]:
    """What can be said about the candidates of one lane and one kind of reservation, in their order."""
    grid = Grid.of(listed)
    taken: Cells = np.zeros((len(grid.classes), *map(len, grid.values)), dtype=np.bool_)
    for candidate in listed:
        component = plan.components[candidate.component]
        place = f"elements[{component.element - 1}]"
        name = component.price.type.value
        cells = grid.where(candidate)
        if not cells.any():
            sentence = f"Its restrictions exclude each other, so its {name} price never holds."
            yield Finding("NEVER_APPLIES", place, sentence)
        elif not (cells & ~taken).any():
            yield Finding("NEVER_REACHED", place, f"Earlier elements always win, so its {name} price never holds.")
        elif (cells & taken).any() and not candidate.always:
            yield Finding("OVERLAP", place, f"Its {name} price overlaps an earlier element, which wins by its order.")
        taken = taken | cells
    if lane is Lane.ENERGY and listed:
        yield from _gaps(grid, taken)


def _gaps(grid: Grid, taken: Cells) -> Iterator[Finding]:
    free = ~taken
    always, sometimes = grid.minutes(free, everywhere=True), grid.minutes(free, everywhere=False)
    if always.any():
        yield Finding("ENERGY_GAP", "elements", f"Energy has no price {_spoken(always)}.")
    if (sometimes & ~always).any():
        sentence = "At some energies, durations, dates, powers or currents energy has no price "
        yield Finding("ENERGY_SOMETIMES_FREE", "elements", f"{sentence}{_spoken(sometimes & ~always)}.")


def _spoken(minutes: Cells) -> str:
    """Minutes of the week in words."""
    days = minutes.reshape(7, MINUTES_OF_DAY)
    if days.all():
        return "at any time"
    if (days == days[0]).all():
        return f"daily {', '.join(_ranges(days[0]))}"
    spoken = [f"{WEEKDAYS[day].title()} {', '.join(_ranges(days[day]))}" for day in range(7) if days[day].any()]
    return "; ".join(spoken)


def _ranges(day: Cells) -> list[str]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], day, [False]]).astype(np.int8)))
    found = [f"{_clock(first)}–{_clock(last)}" for first, last in zip(edges[::2], edges[1::2], strict=True)]
    return found if len(found) <= _MANY_WINDOWS else [*found[:_MANY_WINDOWS], "…"]


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _whole(tariff: Tariff) -> Iterator[Finding]:
    components = [one for element in tariff.elements for one in element.price_components]
    if not any(one.type is Dimension.ENERGY for one in components):
        yield Finding("NO_ENERGY_PRICE", "elements", "No element prices energy; it is free.")
    if tariff.has_vat and len({one.vat is None for one in components}) > 1:
        sentence = "Some prices name a VAT rate and others none; none means that no VAT applies to them."
        yield Finding("VAT_MISSING", "elements", sentence)
    for name in ("min_price", "max_price"):
        price = getattr(tariff, name)
        if price is not None and price.incl_vat is None and tariff.has_vat:
            sentence = "The bound names no amount including VAT; VAT is scaled with the price."
            yield Finding("BOUND_WITHOUT_VAT", name, sentence)
