"""The kernel agrees with the judge on random tariffs and sessions, exactly."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.domain.explained.price_of import session_price
from billing.domain.kernel.plan import Lane
from billing.domain.kernel.rated import Rated
from billing.domain.kernel.rating import rate
from billing.domain.sessions.columns import ABSENT
from billing.domain.sessions.metering import from_slots
from billing.domain.sessions.periods import from_periods
from billing.domain.tariff.model import Tariff
from billing.tests.domain import judge
from billing.tests.domain.judge import Bill, Metered, Period
from billing.tests.domain.strategies import metered, received, tariffs

LANES = {
    "energy": Lane.ENERGY,
    "time": Lane.TIME,
    "parking": Lane.PARKING,
    "flat": Lane.FLAT,
    "reserved": Lane.RESERVED_TIME,
    "reserved_flat": Lane.RESERVED_FLAT,
}
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
        bill = judge.price_metered(session, tariff)
        judge.add_steps(bill)
        assert_same(rated, index, bill, tariff)
        assert_adds_up(rated, index)


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
