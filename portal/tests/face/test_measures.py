"""Figures are exact, localised and never split over a line."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import translation
from django.utils.html import strip_tags

from portal.words import measures

MOMENT = datetime(2026, 3, 17, 13, 5, 9, tzinfo=UTC)


def plain(text: str) -> str:
    return strip_tags(text).replace("\u00a0", " ")


@pytest.fixture(params=["en"], autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.mark.parametrize(
    ("language", "amount", "currency", "written"),
    [
        ("en", Decimal("1190"), "SEK", "SEK 1,190.00"),
        ("sv", Decimal("1190"), "SEK", "1 190,00 kr"),
        ("sv", Decimal("12.5"), "EUR", "12,50 €"),
        ("sv", Decimal("12.5"), "NOK", "12,50 NOK"),
        ("en", Decimal("-0.005"), "SEK", "\u2212SEK 0.01"),
        ("sv", Decimal("-1234567.894"), "SEK", "\u22121 234 567,89 kr"),
        ("en", Decimal("1190.5"), "JPY", "JPY 1,191"),
        ("en", 0, "SEK", "SEK 0.00"),
        ("en", None, "SEK", "\u2013"),
    ],
)
def test_money_follows_the_language_and_the_currency(language, amount, currency, written):
    with translation.override(language):
        assert plain(measures.money(amount, currency)) == written


def test_money_keeps_every_digit_of_a_sum_no_float_could_hold():
    assert plain(measures.money(Decimal("90071992547409931.07"))) == "SEK 90,071,992,547,409,931.07"


@pytest.mark.parametrize("written", [measures.money, measures.kwh, measures.duration, measures.percent])
def test_a_float_is_refused(written):
    with pytest.raises(TypeError, match=r"not float: 1\.1"):
        written(1.1)


def test_a_unit_price_shows_all_its_decimals():
    assert plain(measures.unit_price(Decimal("0.392500"), "SEK")) == "SEK 0.3925"
    assert plain(measures.unit_price(Decimal("3"), "SEK")) == "SEK 3.00"
    assert plain(measures.unit_price(Decimal("1E+2"), "SEK")) == "SEK 100.00"


def test_energy_is_given_in_watt_hours_and_shown_in_kilowatt_hours():
    assert plain(measures.kwh(23418)) == "23.42 kWh"
    assert plain(measures.kwh(23418, 3)) == "23.418 kWh"
    with translation.override("sv"):
        assert plain(measures.kwh(1234567890)) == "1 234 567,89 kWh"


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (18420, "5 h 07 min"),
        (172799, "47 h 59 min"),
        (172800, "2 d 0 h"),
        (-90, "\u22121 min"),
        (None, "\u2013"),
    ],
)
def test_a_duration_is_two_units_at_most(seconds, written):
    assert plain(measures.duration(seconds)) == written


def test_a_share_is_a_percentage_with_the_languages_spacing():
    assert measures.percent(Decimal("0.125"), 1) == "12.5%"
    with translation.override("sv"):
        assert plain(measures.percent(Decimal("0.125"))) == "13 %"


def test_a_quantity_never_breaks_over_a_line():
    with translation.override("sv"):
        assert " " not in measures.money(Decimal("1190")) + measures.kwh(23418) + measures.duration(18420)


def test_an_instant_is_written_in_the_zone_of_its_site():
    assert plain(measures.local_time(MOMENT, "Europe/Stockholm")) == "17 Mar 2026 14:05"
    assert 'datetime="2026-03-17T13:05:09Z"' in measures.local_time(MOMENT, "Europe/Stockholm")
    with translation.override("sv"):
        assert plain(measures.local_time(MOMENT, "Europe/Stockholm")) == "2026-03-17 14:05"


def test_the_repeated_hour_in_october_is_told_apart():
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    both = [measures.local_time_exact(at, "Europe/Stockholm") for at in (first, first + timedelta(hours=1))]
    assert [plain(text) for text in both] == ["25 Oct 2026 02:30:00 +02:00", "25 Oct 2026 02:30:00 +01:00"]


def test_a_naive_time_is_refused():
    with pytest.raises(ValueError, match="aware"):
        measures.local_time(MOMENT.replace(tzinfo=None), "Europe/Stockholm")


def test_a_day_is_the_day_of_the_zone():
    late = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)
    assert plain(measures.local_date(late, "Europe/Stockholm")) == "1 Apr 2026"
    assert plain(measures.local_date(date(2026, 3, 31))) == "31 Mar 2026"


def test_a_month_is_named():
    assert measures.month(date(2026, 3, 1)) == "March 2026"
    with translation.override("sv"):
        assert measures.month(date(2026, 3, 1)).lower() == "mars 2026"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(10, "just now"), (61, "1 minute ago"), (7200, "2 hours ago"), (90000, "1 day ago")],
)
def test_how_long_ago(seconds, words):
    assert strip_tags(measures.ago(MOMENT - timedelta(seconds=seconds), MOMENT)) == words
