"""Figures are exact, as their language writes them, and never split over a line."""

import random
from datetime import date
from decimal import Decimal

import pytest
from babel.numbers import format_currency, format_decimal, format_percent

from tenants.figures import Figures, figures

SV, EN = figures("sv"), figures("en")


def plain(text: str) -> str:
    assert " " not in text
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("language", "written_by"),
    [("sv", SV), ("sv-se", SV), ("en", EN), ("en-gb", EN), ("de", EN), ("", EN), (None, EN)],
)
def test_a_language_that_we_do_not_have_is_english(language: str | None, written_by: Figures) -> None:
    assert figures(language) is written_by


@pytest.mark.parametrize(
    ("value", "places", "swedish", "english"),
    [
        ("0", 0, "0", "0"),
        ("1204", 0, "1 204", "1,204"),
        ("1234567.5", 2, "1 234 567,50", "1,234,567.50"),
        ("999.995", 2, "1 000,00", "1,000.00"),
        ("0.125", 2, "0,13", "0.13"),
        ("-0.125", 2, "\u22120,13", "\u22120.13"),
        ("-0.004", 2, "0,00", "0.00"),
        ("-0", 1, "0,0", "0.0"),
        ("1E+3", 0, "1 000", "1,000"),
    ],
)
def test_a_number_is_rounded_half_up_and_grouped(value: str, places: int, swedish: str, english: str) -> None:
    assert plain(SV.number(Decimal(value), places)) == swedish
    assert plain(EN.number(Decimal(value), places)) == english


def test_no_digit_is_lost_of_what_is_longer_than_any_sum() -> None:
    assert EN.number(Decimal("-90071992547409931234567890123456.005"), 2) == (
        "\u221290,071,992,547,409,931,234,567,890,123,456.01"
    )
    assert EN.kwh(10**40 + 5, 3).startswith("10,000,000,000,000,000,000,000,000,000,000,000,000.005")


@pytest.mark.parametrize("language", ["sv", "en"])
def test_what_we_write_is_what_babel_writes_but_for_the_minus(language: str) -> None:
    """Babel rounds half to even in its caller's context, so it is given what is rounded already."""
    ours, dice = figures(language), random.Random(1)
    for _ in range(300):
        value = Decimal(dice.randrange(10 ** dice.randint(1, 13))).scaleb(-2)
        assert ours.number(value, 2) == format_decimal(value, "#,##0.00", locale=language)
        assert ours.percent(value / 100, 2) == format_percent(
            value / 100, "#,##0.00%" if language == "en" else "#,##0.00\u00a0%", locale=language
        )
        pattern = "#,##0.00\u00a0¤" if language == "sv" else "¤¤\u00a0#,##0.00"
        assert ours.money(value, "SEK", 2) == format_currency(value, "SEK", pattern, locale=language)


def test_all_decimals_are_shown_and_no_zero_after_them() -> None:
    assert [SV.all_decimals(Decimal(value), 2) for value in ("2", "2.500", "0.392500", "1E+2")] == [
        "2,00",
        "2,50",
        "0,3925",
        "100,00",
    ]
    assert EN.all_decimals(Decimal("-0.0")) == "0"


def test_what_is_typed_can_be_read_back() -> None:
    assert SV.typed(Decimal("-12345.5"), 2) == "-12345,50"
    assert EN.typed(Decimal("12345.678900"), 2) == "12345.6789"
    assert EN.typed(Decimal("-0.00"), 2) == "0.00"


def test_money_names_its_currency() -> None:
    assert plain(SV.money(Decimal("-1190"), "SEK", 2)) == "\u22121 190,00 kr"
    assert plain(SV.money(Decimal("12.5"), "EUR", 2)) == "12,50 €"
    assert plain(SV.money(Decimal("12.5"), "NOK", 2)) == "12,50 NOK"
    assert plain(EN.money(Decimal("-1190"), "SEK", 2)) == "\u2212SEK 1,190.00"
    assert plain(EN.money(Decimal("1190.5"), "JPY", 0)) == "JPY 1,191"
    assert plain(SV.unit_price(Decimal("0.392500"), "SEK", 2)) == "0,3925 kr"
    assert plain(EN.unit_price(3, "SEK", 2)) == "SEK 3.00"


def test_quantities_have_their_unit() -> None:
    assert plain(SV.kwh(1_234_567_895)) == "1 234 567,90 kWh"
    assert plain(EN.kw(11_050)) == "11.1 kW"
    assert plain(EN.quantity(Decimal("2531.25"), "SEK", 2)) == "2,531.25 SEK"


def test_a_share_and_a_rate_are_per_cent() -> None:
    assert (plain(SV.percent(Decimal("0.125"))), EN.percent(Decimal("0.125"), 1)) == ("13 %", "12.5%")
    assert (plain(SV.rate(Decimal("25.00"))), EN.rate(Decimal("12.50"))) == ("25 %", "12.5%")


@pytest.mark.parametrize(
    ("seconds", "two_units", "exact"),
    [
        (0, "0 s", "0 min"),
        (59, "59 s", "59 s"),
        (3600, "1 h 00 min", "1 h"),
        (18_425, "5 h 07 min", "5 h 7 min 5 s"),
        (172_800, "2 d 0 h", "48 h"),
    ],
)
def test_a_length_of_time(seconds: int, two_units: str, exact: str) -> None:
    assert (plain(SV.duration(seconds)), plain(EN.duration_exact(seconds))) == (two_units, exact)


def test_a_length_of_time_can_be_negative() -> None:
    assert plain(EN.duration(Decimal("-90.5"))) == "\u22121 min"


def test_a_day_and_a_month() -> None:
    day = date(2026, 10, 3)
    assert (SV.day(day), plain(EN.day(day))) == ("2026-10-03", "3 Oct 2026")
    assert (SV.month(day), EN.month(day)) == ("oktober 2026", "October 2026")
    assert (SV.month_short(day), EN.month_short(day)) == ("okt", "Oct")


@pytest.mark.parametrize("value", [1.1, True, "1", None])
@pytest.mark.parametrize("name", ["number", "all_decimals", "typed", "kwh", "kw", "percent", "rate", "duration"])
def test_only_exact_numbers_are_written(name: str, value: object) -> None:
    with pytest.raises(TypeError, match="a figure is Decimal or int, not"):
        getattr(SV, name)(value)
