"""The everyday terms of a tariff survive the way to OCPI and back."""

from datetime import time
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.domain.tariff.model import WEEKDAYS, parse_tariff
from portal.web.finance.tariff_terms import Terms, Window

PRICES = st.integers(0, 9_990_000).map(lambda units: Decimal(units).scaleb(-4))
TIMES = st.integers(0, 24 * 60 - 1).map(lambda minute: time(minute // 60, minute % 60))
DAYS = st.sets(st.sampled_from(WEEKDAYS), max_size=6).map(lambda days: tuple(d for d in WEEKDAYS if d in days))


@st.composite
def windows(draw):
    start, end = draw(TIMES), draw(TIMES)
    return Window(draw(PRICES), start, end, draw(DAYS))


@st.composite
def terms(draw):
    return Terms(
        currency="SEK",
        energy=draw(PRICES),
        windows=tuple(draw(st.lists(windows(), max_size=4))),
        start_fee=draw(st.none() | PRICES),
        charging_hour=draw(st.none() | PRICES),
        parking_hour=draw(st.none() | PRICES),
        parking_free_minutes=draw(st.integers(0, 300)),
        minimum=draw(st.none() | PRICES),
        vat=draw(st.sampled_from([None, Decimal(0), Decimal(6), Decimal(12), Decimal("25.5"), Decimal(25)])),
        with_vat=draw(st.booleans()),
    )


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(terms())
def test_what_was_entered_comes_back_as_the_same_tariff(entered):
    tariff = entered.tariff("T")
    back = Terms.of(parse_tariff(tariff.to_ocpi()))
    assert back is not None
    assert back.tariff("T") == tariff


def test_a_day_and_night_tariff_with_vat_comes_back_as_it_was_entered():
    night = Window(Decimal("1.9"), time(22), time(6))
    entered = Terms("SEK", energy=Decimal("3.2"), windows=(night,), start_fee=Decimal("5"), vat=Decimal(25))
    assert Terms.of(entered.tariff("T")) == entered


def test_twelve_per_cent_does_not_change_a_price_entered_with_vat():
    entered = Terms("SEK", energy=Decimal("2.99"), maximum=Decimal("100"), vat=Decimal(12))
    back = Terms.of(entered.tariff("T"))
    assert back is not None
    assert (back.energy, back.maximum) == (Decimal("2.99"), Decimal("100"))


def test_round_prices_without_vat_are_read_as_entered_without_vat():
    entered = Terms("SEK", energy=Decimal("2.5"), start_fee=Decimal("3"), vat=Decimal(25), with_vat=False)
    assert Terms.of(entered.tariff("T")) == entered


def test_parking_that_begins_late_prices_nothing_before():
    tariff = Terms(
        "SEK", energy=Decimal(2), parking_hour=Decimal(60), parking_free_minutes=240, vat=Decimal(25)
    ).tariff("T")
    assert tariff.elements[0].restrictions.min_duration == 4 * 3600
    assert Terms.of(tariff) == Terms(
        "SEK", energy=Decimal(2), parking_hour=Decimal(60), parking_free_minutes=240, vat=Decimal(25)
    )


@pytest.mark.parametrize(
    "change",
    [
        {"restrictions": {"min_kwh": 10}},
        {"restrictions": {"start_date": "2026-06-01"}},
        {"price_components": [{"type": "ENERGY", "price": 2, "vat": 25, "step_size": 1000}]},
        {
            "price_components": [
                {"type": "ENERGY", "price": 2, "vat": 25},
                {"type": "FLAT", "price": 2, "vat": 6},
            ]
        },
    ],
)
def test_a_document_that_says_more_is_left_to_json(change):
    element = {"price_components": [{"type": "ENERGY", "price": 2, "vat": 25}]} | change
    last = {"price_components": [{"type": "ENERGY", "price": 3, "vat": 25}]}
    assert Terms.of(parse_tariff({"id": "T", "currency": "SEK", "elements": [element, last]})) is None
