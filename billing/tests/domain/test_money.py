"""Rounding, currencies and months."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain import calendar, money
from billing.domain.errors import BillingError, MoneyError, UnknownZone


@pytest.mark.parametrize(
    ("amount", "digits", "rounded"),
    [
        ("0.005", 2, "0.01"),
        ("0.0049", 2, "0.00"),
        ("-0.005", 2, "-0.01"),
        ("2.5", 0, "3"),
        ("1.005", 2, "1.01"),
        ("1.23455", 4, "1.2346"),
    ],
)
def test_ties_go_up_and_away_from_zero(amount, digits, rounded):
    assert str(money.round_half_up(Decimal(amount), digits)) == rounded


@given(st.integers(-(2**60), 2**60), st.integers(1, 2**40))
def test_one_rule_for_integers_columns_and_big_integers(numerator, denominator):
    nearest = money.divide_half_up(numerator, denominator)
    exact = Fraction(numerator, denominator)
    assert abs(exact - nearest) <= Fraction(1, 2)
    for dtype in (np.int64, object):
        column = money.divide_half_up(np.array([numerator, -numerator], dtype=dtype), denominator)
        assert column.tolist() == [nearest, -nearest]


def test_minor_units_follow_the_currency():
    assert money.from_minor(1025, "SEK") == Decimal("10.25")
    assert str(money.from_minor(1025, "JPY")) == "1025"
    assert str(money.from_minor(-5, "KWD")) == "-0.005"


@pytest.mark.parametrize("code", ["sek", "SEKK", "S1K", "ÅÄÖ"])
def test_a_currency_has_three_capital_letters(code):
    with pytest.raises(MoneyError) as caught:
        money.minor_digits(code)
    assert caught.value.value == code


def test_units_lose_nothing():
    assert money.to_units(Decimal("1.25"), 2) == 125
    with pytest.raises(MoneyError):
        money.to_units(Decimal("1.255"), 2)
    assert money.decimals_of(Decimal("0.50")) == 1
    assert money.decimals_of(Decimal(2500)) == 0
    assert money.decimals_of(Decimal("Infinity")) == 0


def test_a_month_is_bounded_by_local_midnights():
    assert calendar.month_bounds("2026-03", "Europe/Stockholm") == (
        datetime(2026, 2, 28, 23, tzinfo=UTC),
        datetime(2026, 3, 31, 22, tzinfo=UTC),
    )
    first, last = calendar.month_bounds(date(2025, 12, 24), "America/New_York")
    assert (first, last) == (datetime(2025, 12, 1, 5, tzinfo=UTC), datetime(2026, 1, 1, 5, tzinfo=UTC))


@given(st.dates(date(2000, 1, 1), date(2050, 1, 1)), st.sampled_from(["Europe/Stockholm", "Asia/Tokyo", "UTC"]))
def test_months_leave_no_gap_and_hold_what_they_say(day, zone):
    first, last = calendar.month_bounds(day, zone)
    assert calendar.month_bounds(calendar.month_after(day.replace(day=1)), zone)[0] == last
    assert calendar.day_of(first, zone) == day.replace(day=1)


@pytest.mark.parametrize("text", ["2026-13", "2026", "0000-01", "march"])
def test_a_month_that_is_none_is_refused(text):
    with pytest.raises(BillingError):
        calendar.parse_month(text)


@pytest.mark.parametrize("zone", ["Europe/Uppsala", "../etc/passwd", ""])
def test_an_unknown_zone_is_refused_by_name(zone):
    with pytest.raises(UnknownZone) as caught:
        calendar.month_bounds("2026-03", zone)
    assert caught.value.value == zone
