"""The judge: the same rules as the kernel, slow and obvious, with fractions and plain loops.

It shares nothing with the kernel but the tariff classes. Our own meters are priced second by second: for every second
of a session it asks what the clock says, how long charging has lasted and how much energy was counted, looks up the
first matching element, and adds a second's worth. Nothing is clever here on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from decimal import Decimal
from fractions import Fraction
from math import ceil
from zoneinfo import ZoneInfo

from billing.domain.tariff.model import (
    WEEKDAYS,
    Dimension,
    Element,
    PriceComponent,
    ReservationKind,
    Restrictions,
    Tariff,
)

MWH_IN_KWH = 10**6


@dataclass(frozen=True)
class Moment:
    """The state of a session that restrictions ask about."""

    at: int
    zone: str
    elapsed: int
    energy_mwh: int
    min_power: Fraction | None = None
    max_power: Fraction | None = None
    min_current: Fraction | None = None
    max_current: Fraction | None = None


@dataclass
class Period:
    """A received charging period. Energy in mWh, durations in hours."""

    start: int
    end: int
    energy_mwh: int = 0
    charging: Fraction = Fraction(0)
    parking: Fraction = Fraction(0)
    reserved: Fraction = Fraction(0)
    tariff: Tariff | None = None
    min_power: Fraction | None = None
    max_power: Fraction | None = None
    min_current: Fraction | None = None
    max_current: Fraction | None = None

    @property
    def terms(self) -> Tariff:
        """The tariff, of a period that is known to have one."""
        assert self.tariff is not None
        return self.tariff

    @property
    def only_reserved(self) -> bool:
        return self.reserved > 0 and not (self.energy_mwh or self.charging or self.parking)


@dataclass
class Bill:
    """Everything that was priced: (component, quantity in kWh, hours or fees) by what it is for, in order."""

    lines: dict[str, list[tuple[PriceComponent, Fraction]]] = field(default_factory=dict)
    #: The components whose price includes VAT, by identity.
    gross: set[int] = field(default_factory=set)

    @classmethod
    def by(cls, *tariffs: Tariff | None) -> Bill:
        elements = [element for one in tariffs if one is not None and one.tax_included for element in one.elements]
        return cls(gross={id(one) for element in elements for one in element.price_components})

    def add(self, lane: str, component: PriceComponent | None, quantity: Fraction) -> None:
        if component is not None and quantity > 0:
            self.lines.setdefault(lane, []).append((component, quantity))

    def cost(self, lane: str) -> tuple[Fraction, Fraction]:
        lines = self.lines.get(lane, [])
        excl = sum((self.net(one) * quantity for one, quantity in lines), Fraction(0))
        incl = sum((self.net(one) * quantity * vat_factor(one) for one, quantity in lines), Fraction(0))
        return excl, incl

    def net(self, component: PriceComponent) -> Fraction:
        return Fraction(component.price) / (vat_factor(component) if id(component) in self.gross else 1)


def vat_factor(component: PriceComponent) -> Fraction:
    return 1 + Fraction(component.vat or 0) / 100


# Restrictions


def holds(restrictions: Restrictions, moment: Moment) -> bool:
    local = datetime.fromtimestamp(moment.at, UTC).astimezone(ZoneInfo(moment.zone))
    return (
        in_window(restrictions.start_time, restrictions.end_time, local.time())
        and (restrictions.start_date is None or local.date() >= restrictions.start_date)
        and (restrictions.end_date is None or local.date() < restrictions.end_date)
        and (not restrictions.day_of_week or WEEKDAYS[local.weekday()] in restrictions.day_of_week)
        and at_least(Fraction(moment.energy_mwh, MWH_IN_KWH), restrictions.min_kwh)
        and below(Fraction(moment.energy_mwh, MWH_IN_KWH), restrictions.max_kwh)
        and at_least(Fraction(moment.elapsed), restrictions.min_duration)
        and below(Fraction(moment.elapsed), restrictions.max_duration)
        and measured(moment.min_power, moment.max_power, restrictions.min_power, restrictions.max_power)
        and measured(moment.min_current, moment.max_current, restrictions.min_current, restrictions.max_current)
    )


def in_window(start: time | None, end: time | None, now: time) -> bool:
    """00:00 as an end is the end of the day; an end before the start wraps; equal is the whole day."""
    begin = start or time(0)
    if end is None or end == time(0):
        return now >= begin
    if begin == end:
        return True
    if begin < end:
        return begin <= now < end
    return now >= begin or now < end


def at_least(value: Fraction, bound: object) -> bool:
    return bound is None or value >= Fraction(str(bound))


def below(value: Fraction, bound: object) -> bool:
    return bound is None or value < Fraction(str(bound))


def measured(least: Fraction | None, greatest: Fraction | None, low: object, high: object) -> bool:
    """The lower bound asks the least reading, the upper one the greatest; without any reading there is no match."""
    if low is None and high is None:
        return True
    least = greatest if least is None else least
    greatest = least if greatest is None else greatest
    if least is None or greatest is None:
        return False
    return at_least(least, low) and below(greatest, high)


def first_match(tariff: Tariff | None, dimension: Dimension, moment: Moment) -> PriceComponent | None:
    """The component that prices this dimension outside reservations."""
    if tariff is None:
        return None
    normal = [one for one in tariff.elements if one.restrictions.reservation is None]
    return search(normal, dimension, moment)


def reserved_match(
    tariff: Tariff | None, dimension: Dimension, moment: Moment, *, expired: bool
) -> PriceComponent | None:
    if tariff is None:
        return None
    used = [one for one in tariff.elements if one.restrictions.reservation is ReservationKind.RESERVATION]
    late = [one for one in tariff.elements if one.restrictions.reservation is ReservationKind.RESERVATION_EXPIRES]
    return search([*late, *used] if expired else used, dimension, moment)


def search(elements: list[Element], dimension: Dimension, moment: Moment) -> PriceComponent | None:
    for element in elements:
        for component in element.price_components:
            if component.type is dimension and holds(element.restrictions, moment):
                return component
    return None


# Received periods


def price_periods(periods: list[Period], zone: str, *, expired: bool = False) -> Bill:
    bill = Bill.by(*(one.tariff for one in periods))
    energy = 0
    active = [one for one in periods if not one.only_reserved]
    begin = active[0].start if active else periods[0].start
    for period in sorted(periods, key=lambda one: one.start):
        moment = Moment(
            period.start,
            zone,
            max(period.start - begin, 0),
            energy,
            period.min_power,
            period.max_power,
            period.min_current,
            period.max_current,
        )
        if period.reserved > 0:
            fee = reserved_match(period.tariff, Dimension.FLAT, moment, expired=expired)
            if "reserved_flat" not in bill.lines:
                bill.add("reserved_flat", fee, Fraction(1))
            rate = reserved_match(period.tariff, Dimension.TIME, moment, expired=expired)
            bill.add("reserved", rate, period.reserved)
        if not period.only_reserved:
            if "flat" not in bill.lines:
                bill.add("flat", first_match(period.tariff, Dimension.FLAT, moment), Fraction(1))
            kwh = Fraction(period.energy_mwh, MWH_IN_KWH)
            bill.add("energy", first_match(period.tariff, Dimension.ENERGY, moment), kwh)
            bill.add("time", first_match(period.tariff, Dimension.TIME, moment), period.charging)
            bill.add("parking", first_match(period.tariff, Dimension.PARKING_TIME, moment), period.parking)
        energy += period.energy_mwh
    return bill


# Our own meter


@dataclass(frozen=True)
class Metered:
    """A session of our own: readings are (instant, mWh since the start), the first one (start, 0)."""

    start: int
    end: int
    charging_end: int
    zone: str
    readings: list[tuple[int, int]]

    def counted(self, at: int) -> int:
        """mWh counted by an instant: even flow between the readings around it, rounded down."""
        before = [one for one in self.readings if one[0] <= at][-1]
        after = self.following(at, before)
        if after == before:
            return before[1]
        share = Fraction(at - before[0], after[0] - before[0])
        return int(before[1] + (after[1] - before[1]) * share)

    def following(self, at: int, otherwise: tuple[int, int]) -> tuple[int, int]:
        """The next reading; of several at one instant the last."""
        instant = next((one[0] for one in self.readings if one[0] > at), None)
        return otherwise if instant is None else [one for one in self.readings if one[0] == instant][-1]

    def power(self, at: int) -> Fraction:
        """Mean power in kW between the readings around an instant; what is counted at the end flowed before it."""
        at = min(at, max(self.start, self.end - 1))
        before = [one for one in self.readings if one[0] <= at][-1]
        after = self.following(at, before)
        if after == before:
            return Fraction(0)
        microwatts = (after[1] - before[1]) * 3600 // (after[0] - before[0])
        return Fraction(microwatts, MWH_IN_KWH)


def thresholds(tariff: Tariff) -> set[int]:
    """Every energy in mWh that some element compares with."""
    bounds = [
        bound
        for element in tariff.elements
        for bound in (element.restrictions.min_kwh, element.restrictions.max_kwh)
        if bound is not None
    ]
    return {ceil(Fraction(bound) * MWH_IN_KWH) for bound in bounds}


@dataclass(frozen=True)
class Terms:
    """The tariff of a session, and the same at the rates of VAT of later instants, in order of time."""

    first: Tariff
    later: list[tuple[int, Tariff]] = field(default_factory=list)

    def at(self, at: int) -> Tariff:
        return [self.first, *(tariff for since, tariff in self.later if since <= at)][-1]


def turned(tariff: Tariff, was: Decimal, changes: list[tuple[int, Decimal]]) -> Terms:
    """Terms of which what has the standard rate of VAT that `was` follows its changes."""
    later = []
    for at, vat in changes:
        elements = [
            Element(
                tuple(
                    PriceComponent(one.type, one.price, vat if one.vat == was else one.vat, one.step_size)
                    for one in element.price_components
                ),
                element.restrictions,
            )
            for element in tariff.elements
        ]
        later.append((at, replace(tariff, elements=tuple(elements))))
    return Terms(tariff, later)


def price_metered(session: Metered, terms: Terms) -> Bill:
    bill = Bill.by(terms.first, *(tariff for _, tariff in terms.later))
    limits = sorted(thresholds(terms.first))
    counted = 0
    counted = add_energy(bill, session, terms, limits, session.start, counted, session.counted(session.start))
    for at in range(session.start, session.end):
        moment = state(session, at, counted)
        dimension, lane = (Dimension.TIME, "time") if at < session.charging_end else (Dimension.PARKING_TIME, "parking")
        bill.add(lane, first_match(terms.at(at), dimension, moment), Fraction(1, 3600))
        add_flat(bill, terms, moment)
        reached = session.readings[-1][1] if at + 1 == session.end else session.counted(at + 1)
        counted = add_energy(bill, session, terms, limits, at, counted, reached)
    if session.start == session.end:
        add_flat(bill, terms, state(session, session.start, 0))
    return bill


def add_flat(bill: Bill, terms: Terms, moment: Moment) -> None:
    if "flat" not in bill.lines:
        bill.add("flat", first_match(terms.at(moment.at), Dimension.FLAT, moment), Fraction(1))


def add_energy(bill: Bill, session: Metered, terms: Terms, limits: list[int], at: int, before: int, after: int) -> int:
    """Price the energy counted from `before` to `after`; beyond a threshold it belongs to the next second."""
    for upper in [one for one in limits if before < one < after]:
        moment = state(session, at, before)
        bill.add("energy", first_match(terms.at(at), Dimension.ENERGY, moment), Fraction(upper - before, MWH_IN_KWH))
        before, at = upper, min(at + 1, session.end)
        add_flat(bill, terms, state(session, at, before))
    moment = state(session, at, before)
    bill.add("energy", first_match(terms.at(at), Dimension.ENERGY, moment), Fraction(after - before, MWH_IN_KWH))
    return after


def state(session: Metered, at: int, counted: int) -> Moment:
    power = session.power(at)
    return Moment(at, session.zone, at - session.start, counted, power, power)


# Steps, limits


def add_steps(bill: Bill) -> None:
    """Round up once per session; charging and parking share one rounding, reserved time has its own."""
    round_up(bill, "energy", Fraction(1, 1000))
    round_up(bill, "parking" if "parking" in bill.lines else "time", Fraction(1, 3600))
    round_up(bill, "reserved", Fraction(1, 3600))


def round_up(bill: Bill, lane: str, unit: Fraction) -> None:
    lines = bill.lines.get(lane, [])
    if not lines:
        return
    last = lines[-1][0]
    total = sum(quantity for _, quantity in lines)
    step = last.step_size * unit
    if step:
        bill.add(lane, last, ceil(total / step) * step - total)


def total(bill: Bill, terms: Tariff) -> tuple[Fraction, Fraction]:
    """The total within the tariff's least and greatest price, excluding and including VAT."""
    costs = [bill.cost(lane) for lane in bill.lines]
    excl, incl = sum((one[0] for one in costs), Fraction(0)), sum((one[1] for one in costs), Fraction(0))
    for bound, choose in ((terms.min_price, max), (terms.max_price, min)):
        if bound is None:
            continue
        if terms.tax_included and bound.incl_vat is not None:
            most = choose(incl, Fraction(bound.incl_vat))
            if most != incl:
                excl = excl * most / incl if incl else Fraction(bound.excl_vat)
            incl = most
            continue
        limited = choose(excl, Fraction(bound.excl_vat))
        if bound.incl_vat is not None:
            incl = choose(incl, Fraction(bound.incl_vat))
        elif limited != excl:
            incl = incl * limited / excl if excl else limited
        excl = limited
    return excl, incl
