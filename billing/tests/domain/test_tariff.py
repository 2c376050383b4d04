"""Reading and writing tariffs: what is refused says which field and what stood there."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from billing.domain.errors import MoneyError, TariffError, UnknownComponent
from billing.domain.tariff.model import Dimension, ReservationKind, parse_tariff
from billing.tests.domain.strategies import tariffs

DOCUMENT: dict[str, Any] = {
    "country_code": "SE",
    "party_id": "WAT",
    "id": "T1",
    "currency": "SEK",
    "type": "REGULAR",
    "min_price": {"excl_vat": 1},
    "max_price": {"excl_vat": 100, "incl_vat": 125},
    "elements": [
        {
            "price_components": [{"type": "FLAT", "price": 2, "vat": 25, "step_size": 1}],
            "restrictions": {"reservation": "RESERVATION"},
        },
        {
            "price_components": [{"type": "ENERGY", "price": 0.25, "vat": 25.5, "step_size": 100}],
            "restrictions": {
                "start_time": "08:00",
                "end_time": "18:30",
                "start_date": "2026-01-01",
                "end_date": "2027-01-01",
                "min_kwh": 1,
                "max_kwh": 20.5,
                "min_current": 6,
                "max_current": 32,
                "min_power": 3.7,
                "max_power": 22,
                "min_duration": 60,
                "max_duration": 7200,
                "day_of_week": ["SUNDAY", "MONDAY"],
            },
        },
    ],
    "start_date_time": "2026-01-01T00:00:00Z",
    "end_date_time": "2026-12-31T23:00:00Z",
    "last_updated": "2025-12-01T10:00:00",
}


def changed(path: list[Any], value: object) -> dict[str, Any]:
    document = copy.deepcopy(DOCUMENT)
    place: Any = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return document


COMPONENT = ["elements", 1, "price_components", 0]
RESTRICTIONS = ["elements", 1, "restrictions"]


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        (["id"], None, "id"),
        (["id"], 7, "id"),
        (["currency"], "kr", "currency"),
        (["elements"], [], "elements"),
        (["elements"], {}, "elements"),
        (["elements", 1], "free", "elements[1]"),
        (["elements", 1, "price_components"], [], "elements[1].price_components"),
        ([*COMPONENT, "type"], "SESSION_TIME", "elements[1].price_components[0].type"),
        ([*COMPONENT, "type"], None, "elements[1].price_components[0].type"),
        ([*COMPONENT, "price"], "dear", "elements[1].price_components[0].price"),
        ([*COMPONENT, "price"], None, "elements[1].price_components[0].price"),
        ([*COMPONENT, "price"], True, "elements[1].price_components[0].price"),
        ([*COMPONENT, "price"], float("nan"), "elements[1].price_components[0].price"),
        ([*COMPONENT, "price"], 10**14, "elements[1].price_components[0].price"),
        ([*COMPONENT, "vat"], 101, "elements[1].price_components[0].vat"),
        ([*COMPONENT, "step_size"], -1, "elements[1].price_components[0].step_size"),
        ([*COMPONENT, "step_size"], 0.5, "elements[1].price_components[0].step_size"),
        ([*RESTRICTIONS, "start_time"], "24:00", "elements[1].restrictions.start_time"),
        ([*RESTRICTIONS, "start_time"], 8, "elements[1].restrictions.start_time"),
        ([*RESTRICTIONS, "start_date"], "1/2/2026", "elements[1].restrictions.start_date"),
        ([*RESTRICTIONS, "min_kwh"], -1, "elements[1].restrictions.min_kwh"),
        ([*RESTRICTIONS, "day_of_week"], ["FREDAG"], "elements[1].restrictions.day_of_week[0]"),
        ([*RESTRICTIONS, "reservation"], "MAYBE", "elements[1].restrictions.reservation"),
        ([*RESTRICTIONS, "reservation"], "RESERVATION", "elements[1].price_components[0].type"),
        ([*RESTRICTIONS, "max_soc"], 80, "elements[1].restrictions.max_soc"),
        (["min_price"], {"excl_vat": 200}, "min_price.excl_vat"),
        (["min_price"], 5, "min_price"),
        (["start_date_time"], "yesterday", "start_date_time"),
        (["start_date_time"], "x" * 100, "start_date_time"),
    ],
)
def test_what_cannot_be_priced_is_refused_by_field_and_value(path, value, field):
    with pytest.raises((TariffError, MoneyError)) as caught:
        parse_tariff(changed(path, value))
    assert caught.value.field == field
    assert caught.value.facts["field"] == field


def test_a_tariff_that_is_no_object_is_refused():
    with pytest.raises(TariffError):
        parse_tariff([])  # type: ignore[arg-type]  # that is what the test is about


def test_an_unknown_component_has_its_own_error():
    with pytest.raises(UnknownComponent) as caught:
        parse_tariff(changed([*COMPONENT, "type"], "SESSION_TIME"))
    assert caught.value.value == "SESSION_TIME"


def test_numbers_are_what_was_written():
    tariff = parse_tariff(DOCUMENT)
    component = tariff.elements[1].price_components[0]
    assert (component.type, component.price, component.vat) == (Dimension.ENERGY, Decimal("0.25"), Decimal("25.5"))
    assert tariff.elements[1].restrictions.day_of_week == ("MONDAY", "SUNDAY")
    assert tariff.elements[0].restrictions.reservation is ReservationKind.RESERVATION


def test_traces_of_binary_arithmetic_are_rounded_off():
    assert parse_tariff(changed([*COMPONENT, "price"], "0.33999999999999997")).elements[1].price_components[
        0
    ].price == Decimal("0.34")


def test_an_empty_list_of_restrictions_is_none():
    parsed = parse_tariff(changed(RESTRICTIONS, []))
    assert parsed.elements[1].restrictions.to_ocpi() == {}


def test_writing_and_reading_again_gives_the_same_tariff():
    tariff = parse_tariff(DOCUMENT, version="3")
    assert parse_tariff(tariff.to_ocpi(), version="3") == tariff


@given(tariffs(reservations=True))
def test_any_tariff_survives_writing_and_reading(tariff):
    assert parse_tariff(tariff.to_ocpi()) == tariff


def test_validity_includes_its_start_and_excludes_its_end():
    tariff = parse_tariff(DOCUMENT)
    begin, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, 23, tzinfo=UTC)
    assert tariff.valid_at(begin)
    assert not tariff.valid_at(end)
    assert not tariff.valid_at(datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC))
    assert parse_tariff(changed(["end_date_time"], None)).valid_at(end)
    assert parse_tariff(changed(["start_date_time"], None)).valid_at(datetime(2020, 1, 1, tzinfo=UTC))
