"""What a person should know about a tariff before publishing it.

None of this is an error: the tariff can be priced. But a gap gives energy away, an element that can never match is a
misunderstanding, and a price of 0.05 an hour was probably meant for a minute. Each finding has a stable code, the place
in the tariff and its facts. What can and cannot match is decided exactly, on the grid of `grid`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

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


class Remark(StrEnum):
    """What can be remarked on. The values are stable."""

    SECOND_COMPONENT = "SECOND_COMPONENT"
    NEGATIVE_PRICE = "NEGATIVE_PRICE"
    PRICE_PER_MINUTE = "PRICE_PER_MINUTE"
    STEP_IN_KWH = "STEP_IN_KWH"
    STEP_IN_MINUTES = "STEP_IN_MINUTES"
    SAME_START_AND_END = "SAME_START_AND_END"
    WEEKDAY_AT_MIDNIGHT = "WEEKDAY_AT_MIDNIGHT"
    NEVER_APPLIES = "NEVER_APPLIES"
    NEVER_REACHED = "NEVER_REACHED"
    OVERLAP = "OVERLAP"
    ENERGY_GAP = "ENERGY_GAP"
    ENERGY_SOMETIMES_FREE = "ENERGY_SOMETIMES_FREE"
    NO_ENERGY_PRICE = "NO_ENERGY_PRICE"
    VAT_MISSING = "VAT_MISSING"
    BOUND_WITHOUT_VAT = "BOUND_WITHOUT_VAT"


@dataclass(frozen=True, slots=True)
class Finding:
    """A remark: its code, the path in the tariff, and the facts its sentence names."""

    code: Remark
    path: str
    facts: dict[str, Any] = field(default_factory=dict)


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


def _element(element: Element, path: str) -> Iterator[Finding]:
    seen: set[Dimension] = set()
    for number, component in enumerate(element.price_components):
        where = f"{path}.price_components[{number}]"
        if component.type in seen:
            yield Finding(Remark.SECOND_COMPONENT, where, {"dimension": component.type.value})
        seen.add(component.type)
        yield from _component(component, where)
    yield from _windows(element, f"{path}.restrictions")


def _component(component: PriceComponent, path: str) -> Iterator[Finding]:
    price, step = component.price, component.step_size
    if price < 0:
        yield Finding(Remark.NEGATIVE_PRICE, f"{path}.price", {"price": str(price)})
    if component.type in _TIMED and 0 < price < _HOURLY:
        yield Finding(Remark.PRICE_PER_MINUTE, f"{path}.price", {"price": str(price), "hourly": str(price * 60)})
    if component.type is Dimension.ENERGY and step in _SMALL_STEPS:
        yield Finding(Remark.STEP_IN_KWH, f"{path}.step_size", {"step": step, "meant": step * 1000})
    if component.type in _TIMED and step in _SMALL_SECONDS:
        yield Finding(Remark.STEP_IN_MINUTES, f"{path}.step_size", {"step": step, "meant": step * 60})


def _windows(element: Element, path: str) -> Iterator[Finding]:
    asked = element.restrictions
    if asked.start_time is not None and asked.start_time == asked.end_time:
        yield Finding(Remark.SAME_START_AND_END, path, {"time": f"{asked.start_time:%H:%M}"})
    wraps = asked.start_time and asked.end_time and asked.end_time.hour + asked.end_time.minute > 0
    if wraps and asked.start_time > asked.end_time and asked.day_of_week:  # type: ignore[operator]
        yield Finding(Remark.WEEKDAY_AT_MIDNIGHT, path)


def _lane(plan: Plan, lane: Lane, listed: list[Candidate]) -> Iterator[Finding]:
    """What can be said about the candidates of one lane and one kind of reservation, in their order."""
    grid = Grid.of(listed)
    taken: Cells = np.zeros((len(grid.classes), *map(len, grid.values)), dtype=np.bool_)
    for candidate in listed:
        component = plan.components[candidate.component]
        path = f"elements[{component.element - 1}]"
        name = component.price.type.value
        cells = grid.where(candidate)
        if not cells.any():
            yield Finding(Remark.NEVER_APPLIES, path, {"dimension": name})
        elif not (cells & ~taken).any():
            yield Finding(Remark.NEVER_REACHED, path, {"dimension": name})
        elif (cells & taken).any() and not candidate.always:
            yield Finding(Remark.OVERLAP, path, {"dimension": name})
        taken = taken | cells
    if lane is Lane.ENERGY and listed:
        yield from _gaps(grid, taken)


def _gaps(grid: Grid, taken: Cells) -> Iterator[Finding]:
    free = ~taken
    always, sometimes = grid.minutes(free, everywhere=True), grid.minutes(free, everywhere=False)
    if always.any():
        yield Finding(Remark.ENERGY_GAP, "elements", {"hours": _hours(always)})
    if (sometimes & ~always).any():
        yield Finding(Remark.ENERGY_SOMETIMES_FREE, "elements", {"hours": _hours(sometimes & ~always)})


def _hours(minutes: Cells) -> dict[str, list[str]]:
    """Minutes of the week as windows of a day by its OCPI name; `daily` when all days are alike, none for always."""
    days = minutes.reshape(7, MINUTES_OF_DAY)
    if days.all():
        return {}
    if (days == days[0]).all():
        return {"daily": _ranges(days[0])}
    return {WEEKDAYS[day]: _ranges(days[day]) for day in range(7) if days[day].any()}


def _ranges(day: Cells) -> list[str]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], day, [False]]).astype(np.int8)))
    found = [f"{_clock(first)}–{_clock(last)}" for first, last in zip(edges[::2], edges[1::2], strict=True)]
    return found if len(found) <= _MANY_WINDOWS else [*found[:_MANY_WINDOWS], "…"]


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _whole(tariff: Tariff) -> Iterator[Finding]:
    components = [one for element in tariff.elements for one in element.price_components]
    if not any(one.type is Dimension.ENERGY for one in components):
        yield Finding(Remark.NO_ENERGY_PRICE, "elements")
    if tariff.has_vat and len({one.vat is None for one in components}) > 1:
        yield Finding(Remark.VAT_MISSING, "elements")
    for name in ("min_price", "max_price"):
        price = getattr(tariff, name)
        if price is not None and price.incl_vat is None and tariff.has_vat:
            yield Finding(Remark.BOUND_WITHOUT_VAT, name)
