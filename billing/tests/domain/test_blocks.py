"""A batch is priced block by block; nothing may depend on where one ends, nor on how many tariffs a batch has."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from billing.domain.errors import BillingError
from billing.domain.explained.price_of import session_price
from billing.domain.explained.problems import error_of
from billing.domain.kernel import rating
from billing.domain.kernel.rated import Rated
from billing.domain.sessions.columns import Fault
from billing.domain.sessions.metering import from_slots
from billing.domain.sessions.periods import from_periods
from billing.domain.tariff.model import parse_tariff

START = 1_770_886_800  # 2026-02-12 09:00 UTC
SIZE = 40

COLUMNS = {one.name for one in fields(Rated)} - {"plan", "sessions", "by_lane", "priced"} | {"amount"}


def tariff(name: str, *elements: dict[str, Any], **fields: Any):
    return parse_tariff({"id": name, "currency": "SEK", "elements": list(elements)} | fields)


def element(*components, **restrictions) -> dict[str, Any]:
    listed = [{"type": kind, "price": price, "vat": 25, "step_size": step} for kind, price, step in components]
    return {"price_components": listed, "restrictions": restrictions}


PLAIN = tariff("plain", element(("ENERGY", 2, 500), ("FLAT", 1, 1)), min_price={"excl_vat": 9})
CLOCKED = tariff(
    "clocked",
    element(("ENERGY", 3, 1), start_time="09:30", end_time="11:00"),
    element(("ENERGY", "1.5", 1), max_kwh=2),
    element(("PARKING_TIME", 6, 60), min_duration=900),
    end_date_time="2026-02-12T11:30:00Z",
)
DEAR = tariff("dear", element(("ENERGY", "123456789.123456789012", 1), ("TIME", "0.000000000001", 1)))
RESERVED = tariff(
    "reserved",
    element(("TIME", 4, 300), ("FLAT", 2, 1), reservation="RESERVATION_EXPIRES"),
    element(("TIME", 3, 60), reservation="RESERVATION"),
    element(("ENERGY", 2, 1), min_power=11),
    element(("TIME", 1, 1), min_current=16),
)


def slots():
    chance = np.random.default_rng(1)
    length = chance.integers(0, 7200, SIZE)
    start = START + np.arange(SIZE) * 600
    return from_slots(
        start=start,
        end=start + length - (np.arange(SIZE) == 7),
        zone=[("Europe/Stockholm", "Europe/London")[number % 2] for number in range(SIZE)],
        slots_from=start,
        wh=chance.integers(0, 3000, SIZE * 4),
        offsets=np.arange(0, SIZE * 4 + 1, 4),
        charging_end=start + length // 2,
        meter_start_wh=chance.integers(0, 9000, SIZE),
        tariff=chance.integers(0, 3, SIZE),
    )


def periods():
    chance = np.random.default_rng(2)
    start = START + np.arange(SIZE) * 600
    many = 2 * SIZE
    energy = np.where(chance.random(many) < 0.3, 0, chance.integers(0, 10**7, many))
    energy[6] = -1
    return from_periods(
        start=start,
        end=start + 3600,
        zone="Europe/Stockholm",
        offsets=np.arange(0, many + 1, 2),
        period_start=np.repeat(start, 2) + np.tile([0, 1800], SIZE),
        energy_mwh=energy,
        charging_uh=np.tile([0, 500_000], SIZE),
        reserved_uh=np.tile([500_000, 0], SIZE),
        min_power=chance.integers(-1, 2, many) * 11_000_000,
        max_current=chance.integers(-1, 2, many) * 16_000_000,
        tariff=chance.integers(-1, 4, many),
        expired=np.arange(SIZE) % 2 == 0,
    )


def priced(monkeypatch, sessions, tariffs, block: int) -> Rated:
    monkeypatch.setattr(rating, "BLOCK", block)
    return rating.rate(sessions, tariffs)


@pytest.mark.parametrize("made", [slots, periods])
@pytest.mark.parametrize("block", [1, 7])
def test_blocks_leave_no_trace(monkeypatch, made, block):
    sessions, tariffs = made(), (PLAIN, CLOCKED, DEAR, RESERVED)
    whole = priced(monkeypatch, sessions, tariffs, 10**6)
    cut = priced(monkeypatch, sessions, tariffs, block)
    for name in COLUMNS:
        assert getattr(cut, name).tolist() == getattr(whole, name).tolist(), name
    assert cut.by_lane.keys() == whole.by_lane.keys()
    for lane, (excl, incl) in whole.by_lane.items():
        assert (cut.by_lane[lane][0].tolist(), cut.by_lane[lane][1].tolist()) == (excl.tolist(), incl.tolist())
        assert cut.priced[lane].tolist() == whole.priced[lane].tolist()
    told = [[_told(error_of(rated, place)) for place in np.flatnonzero(rated.fault).tolist()] for rated in (cut, whole)]
    assert told[0] == told[1]
    assert Fault.NONE in whole.fault.tolist()
    assert whole.fault.any()


def test_one_dear_session_makes_the_amounts_of_all_blocks_unbounded(monkeypatch):
    sessions = slots()
    named = np.where(np.arange(SIZE) < SIZE // 2, 0, 2)
    rated = priced(monkeypatch, type(sessions)(**_fields(sessions) | {"tariff": named}), (PLAIN, CLOCKED, DEAR), 5)
    assert {type(amount) for amount in rated.excl.tolist()} == {int}
    assert rated.excl.dtype == object
    assert max(rated.incl.tolist()) > 2**63


def _fields(sessions) -> dict[str, Any]:
    return {name: getattr(sessions, name) for name in sessions.__slots__}


def test_a_price_that_nobody_pays_may_be_too_large_for_64_bits():
    terms = tariff("fee", element(("FLAT", "1000.000000000001", 1), max_duration=0), element(("ENERGY", 2, 1)))
    rated = rating.rate(slots_of_one(), terms)
    assert str(session_price(rated, 0).total.excl_vat) == "2.0000"
    refused = rating.rate(slots_of_one(end=START - 1), terms)
    assert (refused.amount.tolist(), refused.excl.tolist()) == ([], [0])


def slots_of_one(end=START + 900):
    return from_slots(start=[START], end=[end], zone="UTC", slots_from=[START], wh=[1000], offsets=[0, 1])


def test_a_batch_may_have_more_prices_than_16_bits_can_number():
    hours = [
        element(("ENERGY", hour + 1, 1), start_time=f"{hour:02}:00", end_time=f"{(hour + 1) % 24:02}:00")
        for hour in range(24)
    ]
    tariffs = [tariff(f"T{number}", *hours) for number in range(1400)]
    last = len(tariffs) - 1
    one = slots_of_one()
    rated = rating.rate(type(one)(**_fields(one) | {"tariff": np.array([last])}), tariffs)
    component = rated.plan.components[int(rated.component[0])]
    assert (component.tariff, component.element, rated.component[0] > 2**15) == (last, 10, True)
    assert str(session_price(rated, 0).total.excl_vat) == "10.0000"


def _told(error: BillingError | None) -> object:
    return error and (error.code, error.facts)
