"""Every tariff there can be survives the way into rows of a form and back: it prices the same, and nothing is lost."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

import orjson
import pytest
from django.http import QueryDict
from django.utils import translation
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from billing.domain.explained.price_of import session_price
from billing.domain.kernel.rating import rate
from billing.domain.money import decimals_of
from billing.domain.sessions import metering
from billing.domain.tariff.kept import VAT_DECIMALS, check_kept
from billing.domain.tariff.model import Dimension, Price, Restrictions, parse_tariff
from billing.tests.domain import strategies
from portal.web.finance.tariffs.form import TariffEntry
from portal.web.finance.tariffs.row_form import MOST_OPEN_ROWS, openable
from portal.web.finance.tariffs.rows import Kept, PriceSheet, Row

START = int(datetime(2026, 3, 6, 19, 50, tzinfo=UTC).timestamp())


def stored(document):
    return orjson.loads(orjson.dumps(document, default=str))


def through_the_form(document):
    """The document after the form was opened and sent back as it stood."""
    entry = TariffEntry(name="T", sheet=PriceSheet.of(document, currency=document["currency"])).as_sent()
    assert entry.is_valid, list(entry.problems())
    return stored(entry.sheet().document())


def comes_to(document, sessions):
    rated = rate(sessions, parse_tariff(document))
    told = [session_price(rated, index) for index in range(len(sessions))]
    return [(one.total, one.energy, one.time, one.parking, one.fixed, one.flags) for one in told]


@st.composite
def sessions(draw):
    count = 4
    starts = [START + draw(st.integers(0, 7 * 24 * 3600)) for _ in range(count)]
    ends = [start + draw(st.integers(0, 30_000)) for start in starts]
    return metering.from_totals(
        start=starts,
        end=ends,
        zone="Europe/Stockholm",
        energy_wh=[draw(st.integers(0, 60_000)) for _ in range(count)],
        charging_end=[draw(st.integers(start, end)) for start, end in zip(starts, ends, strict=True)],
    )


@pytest.mark.parametrize("language", ["sv", "en"])
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(tariff=strategies.tariffs(power=True, reservations=True), sessions=sessions())
def test_any_tariff_comes_back_from_the_form_and_prices_the_same(language, tariff, sessions):
    document = stored(tariff.to_ocpi())
    with translation.override(language):
        again = through_the_form(document)
    assert comes_to(again, sessions) == comes_to(document, sessions)
    assert through_the_form(again) == again


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tariff=strategies.tariffs(power=True, reservations=True))
def test_rows_of_fields_are_enough_for_all_that_prices(tariff):
    rates = [one.vat for element in tariff.elements for one in element.price_components if one.vat is not None]
    assume(all(decimals_of(rate) <= VAT_DECIMALS for rate in rates))
    sheet = openable(PriceSheet.of(stored(tariff.to_ocpi()), currency="SEK"))
    assert not [row for row in sheet.rows if isinstance(row, Kept)]


def energy(price="2", **restrictions):
    return {"price_components": [{"type": "ENERGY", "price": price, "vat": 25}], "restrictions": restrictions}


def of(*elements, **rest):
    return {"id": "T", "currency": "SEK", "elements": list(elements), **rest}


def test_day_night_and_weekend_are_equal_rows():
    sheet = PriceSheet.of(
        of(
            energy("1.36", day_of_week=["SATURDAY", "SUNDAY"]),
            energy("1.28", start_time="22:00", end_time="06:00"),
            energy("2.08"),
        ),
        currency="SEK",
    )
    rows = [row for row in sheet.rows if isinstance(row, Row)]
    assert [row.price for row in rows] == [Decimal("1.36"), Decimal("1.28"), Decimal("2.08")]
    assert rows[1].restrictions == Restrictions(start_time=time(22), end_time=time(6))


def test_what_everybody_may_say_is_in_rows():
    """Steps, kWh, minutes, seasons, power, current, reservations, parking, fees, several rates of VAT."""
    document = of(
        {"price_components": [{"type": "FLAT", "price": 4, "vat": 25, "step_size": 1}]},
        {
            "price_components": [{"type": "ENERGY", "price": 2, "vat": 25, "step_size": 500}],
            "restrictions": {"min_kwh": 10, "max_kwh": 20.5, "start_date": "2026-06-01", "end_date": "2026-09-01"},
        },
        {
            "price_components": [{"type": "TIME", "price": 7, "vat": 6, "step_size": 90}],
            "restrictions": {"min_power": 11, "max_current": 16, "min_duration": 100, "max_duration": 7200},
        },
        {
            "price_components": [{"type": "TIME", "price": 60, "vat": 25, "step_size": 1}],
            "restrictions": {"reservation": "RESERVATION_EXPIRES"},
        },
        {"price_components": [{"type": "PARKING_TIME", "price": 10, "vat": 25, "step_size": 0}]},
    )
    sheet = openable(PriceSheet.of(document, currency="SEK"))
    assert not [row for row in sheet.rows if isinstance(row, Kept)]
    assert parse_tariff(through_the_form(document)).elements == parse_tariff(document).elements


def test_what_no_row_can_say_stays_in_its_place():
    special = energy("2") | {"colour": "green"}
    document = of(energy("1", max_kwh=5), special, energy("3"))
    sheet = PriceSheet.of(document, currency="SEK")
    assert [type(row) for row in sheet.rows] == [Row, Kept, Row]
    assert through_the_form(document)["elements"][1] == special


def test_a_draft_that_nobody_can_price_is_shown_too():
    sheet = PriceSheet.of(of({"price_components": [{"type": "GAS", "price": 1}]}, energy()), currency="SEK")
    assert [type(row) for row in sheet.rows] == [Kept, Row]
    assert PriceSheet.of({"elements": "none"}, currency="SEK").rows == ()


def test_what_the_document_says_besides_is_kept():
    rest = {"type": "REGULAR", "start_date_time": "2026-01-01T00:00:00Z", "tariff_alt_text": [{"language": "sv"}]}
    again = through_the_form(of(energy(), **rest))
    assert {name: again[name] for name in rest} == rest


@pytest.mark.parametrize(
    ("limit", "is_entered"),
    [
        ({"excl_vat": 4, "incl_vat": 5}, True),
        ({"excl_vat": 5, "incl_vat": "5.5"}, False),
        ({"excl_vat": 5}, False),
    ],
)
def test_a_limit_is_entered_where_one_amount_says_it_and_stays_where_not(limit, is_entered):
    document = of(energy(), min_price=limit)
    sheet = PriceSheet.of(document, currency="SEK")
    assert (sheet.minimum is not None, "min_price" in sheet.rest) == (is_entered, not is_entered)
    assert Price.parse(through_the_form(document)["min_price"], "p") == Price.parse(limit, "p")


def test_a_limit_that_is_entered_takes_the_place_of_one_that_stood():
    document = of(energy("2.60"), min_price={"excl_vat": 5}, tax_included="YES")
    entry = TariffEntry(name="T", sheet=PriceSheet.of(document, currency="SEK"))
    data = QueryDict(mutable=True)
    data.update(entry.as_sent().terms.data)
    data["minimum"] = "10"
    again = TariffEntry(data)
    assert again.is_valid
    assert again.sheet().document()["min_price"] == {"excl_vat": Decimal(8), "incl_vat": Decimal(10)}


@pytest.mark.parametrize("with_vat", [True, False])
def test_a_price_is_kept_as_it_was_entered_with_vat_or_without(with_vat):
    row = Row(Dimension.ENERGY, Decimal("2.99"), Decimal(12))
    sheet = PriceSheet("SEK", (row,), maximum=Decimal(100), vat=Decimal(12), with_vat=with_vat)
    document = stored(sheet.document())
    assert document["elements"][0]["price_components"][0]["price"] == "2.99"
    assert document.get("tax_included") == ("YES" if with_vat else None)
    assert PriceSheet.of(document, currency="SEK") == sheet


@pytest.mark.parametrize("said", ["NO", "N/A"])
def test_what_ocpi_says_of_taxes_besides_is_kept(said):
    assert through_the_form(of(energy(), tax_included=said))["tax_included"] == said


def test_a_tariff_of_very_many_prices_keeps_those_beyond_the_fields():
    hours = [energy(str(1 + hour / 100), start_date=f"{date(2026, 1, 1 + hour % 28)}") for hour in range(60)]
    sheet = openable(PriceSheet.of(of(*hours), currency="SEK"))
    assert [isinstance(row, Kept) for row in sheet.rows] == [False] * MOST_OPEN_ROWS + [True] * 20
    assert len(through_the_form(of(*hours))["elements"]) == 60


def test_the_greatest_numbers_of_the_form_make_a_tariff_that_is_kept():
    data = QueryDict(mutable=True)
    data.update({"name": "T", "currency": "SEK", "with_vat": "", "vat": "100", "minimum": "99999", "maximum": "99999",
                 "rows": "2", "row0-what": "PARKING_TIME", "row0-price": "99999", "row0-step": "166666",
                 "row1-what": "ENERGY", "row1-price": "0.000001"})  # fmt: skip
    entry = TariffEntry(data)
    assert entry.is_valid, list(entry.problems())
    check_kept(parse_tariff({"id": "T", **entry.sheet().document()}))
