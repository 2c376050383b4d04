"""Tariffs made ready for the kernel: prices as integers, elements as candidate lists.

For each **lane** (what can be priced: energy, charging time, parking time, the fee, reserved time and its fee) a tariff
is a list of candidates in the order of its elements; the first whose conditions hold gives the price. Making a plan
costs some microseconds and is remembered for the tariffs last used.

Exactness. A price with `p` decimals is the integer `price * 10**p`. Amounts are integers too, in units of
`1 / (36 * 10**(6 + p))` of the currency: fine enough that a price times a milliwatt-hour, times a tick of an hourly
price (an hour has 9,000,000 of them; the 36 comes from there) and times one fee are all whole. So nothing is rounded
before the end. Where prices include VAT, units are finer by `net_unit`, the least number by which every such price can
be divided by its VAT factor: 5 for 25 %, as 1.25 is 5/4.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from fractions import Fraction
from math import lcm
from typing import Final

import numpy as np

from billing.domain import money
from billing.domain.arrays import Exact, Ints
from billing.domain.kernel.choices import Bound, Candidate, Choice, Offers
from billing.domain.sessions.columns import MICRO, TICKS
from billing.domain.tariff.model import Dimension, Element, PriceComponent, ReservationKind, Restrictions, Tariff
from billing.domain.tariff.windows import week_table


class Lane(IntEnum):
    """What can be priced, in the order in which slices of one instant are listed."""

    RESERVED_FLAT = 0
    RESERVED_TIME = 1
    FLAT = 2
    ENERGY = 3
    TIME = 4
    PARKING = 5


#: A quantity of this lane times this weight times the integer price is an amount in units.
_WEIGHT: Final = {
    Lane.ENERGY: 36,
    Lane.TIME: 4,
    Lane.PARKING: 4,
    Lane.RESERVED_TIME: 4,
    Lane.FLAT: 36 * MICRO,
    Lane.RESERVED_FLAT: 36 * MICRO,
}
_NORMAL: Final = {
    Dimension.ENERGY: Lane.ENERGY,
    Dimension.TIME: Lane.TIME,
    Dimension.PARKING_TIME: Lane.PARKING,
    Dimension.FLAT: Lane.FLAT,
}
_RESERVED: Final = {Dimension.TIME: Lane.RESERVED_TIME, Dimension.FLAT: Lane.RESERVED_FLAT}
#: Lanes that only a reservation has.
RESERVED: Final = (Lane.RESERVED_FLAT, Lane.RESERVED_TIME)
#: OCPI dimension under which a lane is shown.
DIMENSION: Final = {lane: dimension for dimension, lane in (*_NORMAL.items(), *_RESERVED.items())}


@dataclass(frozen=True, slots=True)
class Component:
    """Where a component stands: tariff, element number counted from 1, lane, and what it says."""

    tariff: int
    element: int
    lane: Lane
    price: PriceComponent


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Everything the kernel needs to know about the tariffs of a batch."""

    tariffs: tuple[Tariff, ...]
    components: tuple[Component, ...]
    #: Every candidate in the order of the elements, also those that are never reached.
    listed: tuple[Candidate, ...]
    #: An expired reservation has its own. A lane that no tariff prices is missing.
    offers: dict[Lane, Offers]
    expired: dict[Lane, Offers]
    price_digits: int
    vat_digits: int
    net_unit: int
    #: By component: units an amount grows by for each unit of quantity; percent-like VAT factor; step in kernel units.
    weight: tuple[int, ...]
    vat_factor: tuple[int, ...]
    step: Ints
    lane: Ints
    #: The greatest weight of each lane, whatever its sign; 0 is among them, so that there is one.
    greatest: dict[Lane, int]
    #: Lanes with a step size, and whether some tariff has a least or greatest price.
    stepped: frozenset[Lane]
    bounded: bool

    @property
    def unit(self) -> int:
        """Units in one whole of the currency."""
        return 36 * money.power_of_ten(6 + self.price_digits) * self.net_unit

    @property
    def vat_unit(self) -> int:
        """The VAT factor that means "no VAT"."""
        return money.power_of_ten(2 + self.vat_digits)

    def weights(self, dtype: type) -> Exact:
        return np.array(self.weight, dtype=dtype)

    def factors(self, dtype: type) -> Exact:
        return np.array(self.vat_factor, dtype=dtype)


#: Plans of the tariffs last used, by identity: to hash a tariff with a hundred prices costs more than to price by it.
#: A plan holds its tariffs, so an identity cannot pass to another object while its plan is remembered.
_remembered: OrderedDict[tuple[int, ...], Plan] = OrderedDict()
_REMEMBERED: Final = 512


def plan_for(tariffs: tuple[Tariff, ...]) -> Plan:
    """The plan of these tariffs, in this order."""
    key = tuple(map(id, tariffs))
    plan = _remembered.get(key)
    if plan is None:
        plan = _remembered[key] = make_plan(tariffs)
        if len(_remembered) > _REMEMBERED:
            _remembered.popitem(last=False)
    return plan


def make_plan(tariffs: tuple[Tariff, ...]) -> Plan:
    """A plan of these tariffs, made anew."""
    prices = [one for tariff in tariffs for element in tariff.elements for one in element.price_components]
    bounds = [price for tariff in tariffs for price in (tariff.min_price, tariff.max_price) if price]
    amounts = [one.price for one in prices] + [price.excl_vat for price in bounds]
    amounts += [price.incl_vat for price in bounds if price.incl_vat is not None]
    price_digits = max(money.decimals_of(amount) for amount in amounts)
    vat_digits = max((money.decimals_of(one.vat) for one in prices if one.vat is not None), default=0)
    numbers: dict[tuple[int, int], int] = {}
    components: list[Component] = []
    lanes = [_lanes(tariff, index, components, numbers) for index, tariff in enumerate(tariffs)]
    present = [lane for lane in Lane if any(lane in found for found in lanes)]
    late = [lane for lane in present if lane in RESERVED]
    net_unit = lcm(*(_vat_share(tariffs, one).numerator for one in components))
    weight = tuple(
        int(money.to_units(one.price.price, price_digits) * _WEIGHT[one.lane] * net_unit / _vat_share(tariffs, one))
        for one in components
    )
    lane_of = [one.lane for one in components]
    return Plan(
        tariffs=tariffs,
        components=tuple(components),
        listed=tuple(one for found in lanes for options in found.values() for one in options),
        offers={lane: _offers(lane, lanes) for lane in present},
        expired={lane: _offers(lane, lanes, expired=True) for lane in late},
        price_digits=price_digits,
        vat_digits=vat_digits,
        net_unit=net_unit,
        weight=weight,
        vat_factor=tuple(_vat_factor(one.price, vat_digits) for one in components),
        step=np.array([_step(one) for one in components], dtype=np.int64),
        lane=np.array(lane_of, dtype=np.int64),
        greatest={
            lane: max(abs(one) for one, of in zip(weight, lane_of, strict=True) if of is lane) for lane in present
        },
        stepped=frozenset(one.lane for one in components if _step(one)),
        bounded=bool(bounds),
    )


def _lanes(
    tariff: Tariff, index: int, components: list[Component], numbers: dict[tuple[int, int], int]
) -> dict[Lane, list[Candidate]]:
    """Candidates of every lane in the order of the elements; `components` grows by those found.

    A tariff that stands there again with another VAT (`turns`) has what stays in common: by identity, in `numbers`.
    """
    lanes: dict[Lane, list[Candidate]] = {}
    for number, element in enumerate(tariff.elements, start=1):
        kind = element.restrictions.reservation
        lane_of = _NORMAL if kind is None else _RESERVED
        week, bounds = week_table(element.restrictions), _bounds(element.restrictions)
        for dimension, price in _first_of_each(element).items():
            lane = lane_of[dimension]
            position = numbers.setdefault((number, id(price)), len(components))
            if position == len(components):
                components.append(Component(index, number, lane, price))
            lanes.setdefault(lane, []).append(Candidate(position, week, bounds, kind))
    return lanes


def _offers(lane: Lane, lanes: Sequence[dict[Lane, list[Candidate]]], *, expired: bool = False) -> Offers:
    """What all tariffs offer for one lane."""
    return Offers.of(tuple(Choice.of(_usable(found.get(lane, ()), expired=expired)) for found in lanes))


def _first_of_each(element: Element) -> dict[Dimension, PriceComponent]:
    """The first component of each dimension; a second one in the same element is never reached."""
    found: dict[Dimension, PriceComponent] = {}
    for price in element.price_components:
        found.setdefault(price.type, price)
    return found


def _usable(found: Sequence[Candidate], *, expired: bool = False) -> tuple[Candidate, ...]:
    """Candidates for a used or an expired reservation; the latter prefers its own and falls back to the former."""
    plain = [one for one in found if one.kind is not ReservationKind.RESERVATION_EXPIRES]
    if not expired:
        return tuple(plain)
    return (*(one for one in found if one.kind is ReservationKind.RESERVATION_EXPIRES), *plain)


def _vat_share(tariffs: Sequence[Tariff], one: Component) -> Fraction:
    """What a price is to be divided by to be without VAT."""
    return 1 + Fraction(one.price.vat or 0) / 100 if tariffs[one.tariff].tax_included else Fraction(1)


def _vat_factor(price: PriceComponent, digits: int) -> int:
    rate = 0 if price.vat is None else money.to_units(price.vat, digits)
    return money.power_of_ten(2 + digits) + rate


def _step(component: Component) -> int:
    """Step size in mWh or ticks: OCPI counts Wh and seconds."""
    match component.lane:
        case Lane.ENERGY:
            return component.price.step_size * 1000
        case Lane.FLAT | Lane.RESERVED_FLAT:
            return 0
    return component.price.step_size * TICKS


_BOUNDED: Final = (
    ("meter", "min_kwh", "max_kwh", MICRO),
    ("elapsed", "min_duration", "max_duration", 1),
    ("power", "min_power", "max_power", MICRO),
    ("current", "min_current", "max_current", MICRO),
)


def _bounds(restrictions: Restrictions) -> tuple[Bound, ...]:
    """The restrictions that compare a number."""
    found = []
    if restrictions.start_date or restrictions.end_date:
        found.append(Bound("day", _day_number(restrictions.start_date), _day_number(restrictions.end_date)))
    for field, low, high, scale in _BOUNDED:
        least, below = getattr(restrictions, low), getattr(restrictions, high)
        if least is not None or below is not None:
            found.append(Bound(field, _scaled(least, scale), _scaled(below, scale)))
    return tuple(found)


def _day_number(day: date | None) -> int | None:
    """Days since 1970."""
    return None if day is None else day.toordinal() - date(1970, 1, 1).toordinal()


def _scaled(value: object, scale: int) -> int | None:
    """A bound in kernel units; rounded up, so that `>=` and `<` against whole numbers keep their meaning."""
    if value is None:
        return None
    exact = Fraction(str(value)) * scale
    return -(-exact.numerator // exact.denominator)


def candidates_of(plan: Plan, tariff: int) -> list[Candidate]:
    """Every candidate of a tariff that can be reached, whatever its lane."""
    lanes = (*plan.offers.values(), *plan.expired.values())
    return [one for offers in lanes for one in offers.choices[tariff].candidates]


def bounds_of(plan: Plan, tariff: int) -> dict[str, set[int]]:
    """The numbers a tariff compares with, by what it compares."""
    found: dict[str, set[int]] = {}
    for candidate in candidates_of(plan, tariff):
        for bound in candidate.bounds:
            edges = {edge for edge in (bound.least, bound.below) if edge is not None}
            found.setdefault(bound.field, set()).update(edges)
    return found


def asks_clock(plan: Plan) -> bool:
    """Whether any price depends on the local time or date."""
    everyone = (one for index in range(len(plan.tariffs)) for one in candidates_of(plan, index))
    return any(one.week is not None or any(bound.field == "day" for bound in one.bounds) for one in everyone)
