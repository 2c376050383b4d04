"""The kernel agrees with the judge on random tariffs and sessions, exactly."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.domain.explained.price_of import session_price
from billing.domain.kernel.plan import Lane
from billing.domain.kernel.rated import Rated
from billing.domain.kernel.rating import rate
from billing.domain.kernel.turns import Turn, Turns, rate_over
from billing.domain.sessions.columns import ABSENT
from billing.domain.sessions.metering import from_slots
from billing.domain.sessions.periods import from_periods
from billing.domain.tariff.model import Dimension, Element, PriceComponent, Tariff
from billing.tests.domain import judge
from billing.tests.domain.judge import Bill, Metered, Period, Terms
from billing.tests.domain.strategies import metered, received, tariffs

LANES = {
    "energy": Lane.ENERGY,
    "time": Lane.TIME,
    "parking": Lane.PARKING,
    "flat": Lane.FLAT,
    "reserved": Lane.RESERVED_TIME,
    "reserved_flat": Lane.RESERVED_FLAT,
}
#: Standard rates: those of components, so that many have the one that changes.
rates = st.sampled_from([Decimal(6), Decimal(25), Decimal("25.5")])
MANY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def assert_same(rated: Rated, index: int, bill: Bill, terms: Tariff) -> None:
    unit, gross = rated.unit, rated.unit * rated.vat_unit
    for name, lane in LANES.items():
        excl, incl = bill.cost(name)
        ours = rated.by_lane.get(lane)
        assert (Fraction(int(ours[0][index]), unit) if ours else 0) == excl, name
        assert (Fraction(int(ours[1][index]), gross) if ours else 0) == incl, name
    excl, incl = judge.total(bill, terms)
    # A bound on prices including VAT is brought back to a net of whole units, and one without VAT may scale by that.
    is_scaled = terms.tax_included and (terms.min_price is not None or terms.max_price is not None)
    assert abs(Fraction(int(rated.excl[index]), unit) - excl) <= (Fraction(1, unit) if is_scaled else 0)
    assert abs(Fraction(int(rated.incl[index]), gross) - incl) <= (
        Fraction(2, unit) if is_scaled else Fraction(1, gross)
    )


def assert_adds_up(rated: Rated, index: int) -> None:
    first, last = rated.offsets[index], rated.offsets[index + 1]
    assert sum(rated.amount[first:last].tolist()) + int(rated.limit_excl[index]) == int(rated.excl[index])
    price = session_price(rated, index)
    shown = sum(one.amount for one in price.slices) + sum(one.cost.excl_vat for one in price.adjustments)
    assert shown == price.total.excl_vat
    gross = [one.amount_incl or 0 for one in price.slices] + [one.cost.incl_vat or 0 for one in price.adjustments]
    assert sum(gross) == price.total.incl_vat


def columns(sessions: list[tuple[Metered, list[int], int]]):
    return from_slots(
        start=[one.start for one, _, _ in sessions],
        end=[one.end for one, _, _ in sessions],
        charging_end=[one.charging_end for one, _, _ in sessions],
        zone=[one.zone for one, _, _ in sessions],
        slots_from=[first for _, _, first in sessions],
        wh=[energy for _, wh, _ in sessions for energy in wh],
        offsets=np.cumsum([0, *(len(wh) for _, wh, _ in sessions)]),
        slot_s=300,
    )


@MANY
@given(tariffs(), st.lists(metered(), min_size=1, max_size=2))
def test_our_own_meter_is_priced_as_the_judge_prices_it(tariff, sessions):
    rated = rate(columns(sessions), tariff)
    for index, (session, _wh, _first) in enumerate(sessions):
        bill = judge.price_metered(session, Terms(tariff))
        judge.add_steps(bill)
        assert_same(rated, index, bill, tariff)
        assert_adds_up(rated, index)


@st.composite
def over_changes(draw: st.DrawFn) -> tuple[Metered, list[int], int, list[tuple[int, Decimal]]]:
    """A session, and one or two instants within it at which the standard rate of VAT becomes another one."""
    session, wh, first = draw(metered().filter(lambda one: one[0].end - one[0].start > 2))
    instants = draw(st.lists(st.integers(session.start + 1, session.end - 1), min_size=1, max_size=2, unique=True))
    return session, wh, first, [(at, draw(rates)) for at in sorted(instants)]


@MANY
@given(tariffs(), over_changes(), rates)
def test_what_is_supplied_after_a_change_of_rate_has_the_new_one_and_the_price_is_the_same(tariff, known, was):
    session, wh, first, changes = known
    sessions = columns([(session, wh, first)])
    rated = rate_over(sessions, [tariff], Turns(was, tuple(Turn(*one) for one in changes)))
    bill = judge.price_metered(session, judge.turned(tariff, was, changes))
    judge.add_steps(bill)
    assert_same(rated, 0, bill, tariff)
    assert_adds_up(rated, 0)
    assert by_rate(rated) == by_rate_of(bill)
    whole = rate(sessions, tariff)
    if not tariff.tax_included:
        assert Fraction(int(rated.excl[0]), rated.unit) == Fraction(int(whole.excl[0]), whole.unit)
    elif all(limit is None or limit.incl_vat is not None for limit in (tariff.min_price, tariff.max_price)):
        units = [Fraction(int(one.incl[0]), one.unit * one.vat_unit) for one in (rated, whole)]
        assert units[0] == units[1]


def by_rate(rated: Rated) -> dict[Decimal | None, Fraction]:
    """What slices come to without VAT at each rate that is not of nothing."""
    found: dict[Decimal | None, Fraction] = {}
    for component, amount in zip(rated.component.tolist(), rated.amount.tolist(), strict=True):
        vat = rated.plan.components[component].price.vat
        found[vat] = found.get(vat, Fraction(0)) + Fraction(int(amount), rated.unit)
    return {vat: amount for vat, amount in found.items() if amount}


def by_rate_of(bill: Bill) -> dict[Decimal | None, Fraction]:
    found: dict[Decimal | None, Fraction] = {}
    for component, quantity in (one for lines in bill.lines.values() for one in lines):
        found[component.vat] = found.get(component.vat, Fraction(0)) + bill.net(component) * quantity
    return {vat: amount for vat, amount in found.items() if amount}


@MANY
@given(tariffs(power=False), tariffs(power=False, name="U"), st.lists(over_changes(), min_size=2, max_size=3), rates)
def test_sessions_over_changes_are_priced_together_as_each_alone(one, other, known, was):
    """Also those that have ended before a change, or begin after it; each by its own of several tariffs."""
    other = replace(other, tax_included=one.tax_included)
    turns = Turns(was, tuple(Turn(*change) for change in known[0][3]))
    picked = np.arange(len(known)) % 2
    together = rate_over(replace(columns([each[:3] for each in known]), tariff=picked), [one, other], turns)
    for index, each in enumerate(known):
        bill = judge.price_metered(each[0], judge.turned([one, other][index % 2], was, known[0][3]))
        judge.add_steps(bill)
        assert_same(together, index, bill, [one, other][index % 2])
        assert int(together.tariff[index]) == index % 2


def test_what_has_another_rate_than_the_standard_one_is_told_as_one_slice():
    elements = (
        Element((PriceComponent(Dimension.ENERGY, Decimal(1), Decimal(24)),)),
        Element((PriceComponent(Dimension.TIME, Decimal(6), Decimal(10)),)),
    )
    session = from_slots(start=[0], end=[7200], zone="UTC", slots_from=[0], wh=[500] * 8, offsets=[0, 8], slot_s=900)
    turns = Turns(Decimal(24), (Turn(3600, Decimal("25.5")),))
    price = session_price(rate_over(session, [Tariff("T", "EUR", elements)], turns), 0)
    told = [(one.dimension, one.start.hour, one.end.hour, one.vat, one.quantity) for one in price.slices]
    assert told == [
        (Dimension.ENERGY, 0, 1, Decimal(24), Decimal(2)),
        (Dimension.TIME, 0, 2, Decimal(10), Decimal(7200)),
        (Dimension.ENERGY, 1, 2, Decimal("25.5"), Decimal(2)),
    ]


def micro(value: Fraction | None) -> int:
    return ABSENT if value is None else int(value * 10**6)


def period_columns(zone: str, periods: list[Period], listed: list[Tariff], *, expired: bool):
    return from_periods(
        start=[periods[0].start],
        end=[periods[-1].end],
        zone=zone,
        offsets=[0, len(periods)],
        period_start=[one.start for one in periods],
        energy_mwh=[one.energy_mwh for one in periods],
        charging_uh=[micro(one.charging) for one in periods],
        parking_uh=[micro(one.parking) for one in periods],
        reserved_uh=[micro(one.reserved) for one in periods],
        min_power=[micro(one.min_power) for one in periods],
        max_power=[micro(one.max_power) for one in periods],
        min_current=[micro(one.min_current) for one in periods],
        max_current=[micro(one.max_current) for one in periods],
        tariff=[listed.index(one.terms) for one in periods] if len(listed) > 1 else None,
        expired=[expired],
    )


@MANY
@given(st.data(), tariffs(reservations=True), tariffs(reservations=True, name="U"), st.booleans(), st.booleans())
def test_received_periods_are_priced_as_the_judge_prices_them(data, one, other, two, expired):
    listed = [one, other] if two else [one]
    zone, periods = data.draw(received(listed))
    rated = rate(period_columns(zone, periods, listed, expired=expired), listed)
    bill = judge.price_periods(periods, zone, expired=expired)
    judge.add_steps(bill)
    assert_same(rated, 0, bill, periods[0].tariff)
    assert_adds_up(rated, 0)


@MANY
@given(tariffs(power=False), st.lists(metered(), min_size=2, max_size=4))
def test_a_batch_prices_each_session_as_if_it_were_alone(tariff, sessions):
    together = rate(columns(sessions), tariff)
    for index, session in enumerate(sessions):
        alone = rate(columns([session]), tariff)
        assert session_price(together, index) == session_price(alone, 0)


@MANY
@given(tariffs(power=False), metered(), st.integers(0, 300))
def test_splitting_a_reading_never_changes_the_price(tariff, session, idle):
    """Two even halves of a slot say the same as the slot."""
    drawn, wh, _ = session
    even = [energy // 2 * 2 for energy in wh]
    end = drawn.start + 300 * len(even) + idle
    known = {"start": [drawn.start], "end": [end], "zone": drawn.zone, "slots_from": [drawn.start]}
    whole = from_slots(**known, wh=even, offsets=[0, len(even)], slot_s=300)
    halves = [energy // 2 for energy in even for _ in range(2)]
    split = from_slots(**known, wh=halves, offsets=[0, len(halves)], slot_s=150)
    assert session_price(rate(split, tariff), 0) == session_price(rate(whole, tariff), 0)
