"""Decimal text into whole watt-hours."""

from decimal import ROUND_HALF_UP, Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charging.domain.energy import EnergyUnit, watt_hours, watt_hours_of


def read(text, unit=EnergyUnit.KWH, sign="."):
    return watt_hours(pl.Series([text]), unit=unit, decimal_sign=sign)[0]


@pytest.mark.parametrize(
    ("text", "wh"),
    [
        ("22.287", 22_287),
        ("11.9", 11_900),
        ("0", 0),
        ("7", 7_000),
        ("7.", 7_000),
        ("-9.54", -9_540),
        ("+1.5", 1_500),
        ("0.0005", 1),
        ("0.00049999", 0),
        ("-0.0005", -1),
        ("1.5e1", 15_000),
        ("1,234.5", 1_234_500),
        ("1 234.5", 1_234_500),
        ("1\u00a0234.5", 1_234_500),
    ],
)
def test_kilowatt_hours_become_whole_watt_hours(text, wh):
    assert read(text) == wh


@pytest.mark.parametrize("text", ["", "x", "1,5", "1.2.3", "12,34.5", "NaN", "Infinity", "--1", "1e99"])
def test_what_is_not_a_number_in_the_chosen_notation_is_not_guessed(text):
    assert read(text) is None


def test_a_decimal_comma_is_read_as_one():
    assert read("29,87", sign=",") == 29_870
    assert read("1.234,5", sign=",") == 1_234_500
    assert read("29.87", sign=",") is None


@pytest.mark.parametrize(("unit", "wh"), [(EnergyUnit.WH, 13), (EnergyUnit.KWH, 12_500), (EnergyUnit.MWH, 12_500_000)])
def test_each_unit_rounds_half_up_below_a_watt_hour(unit, wh):
    assert read("12.5", unit=unit) == wh


def test_nothing_stays_nothing():
    assert watt_hours(pl.Series([None, "1"], dtype=pl.String), unit=EnergyUnit.KWH).to_list() == [None, 1_000]


@given(st.decimals(min_value=-999_999, max_value=999_999, places=6))
def test_columns_and_single_numbers_agree_with_exact_arithmetic(number):
    text = f"{number:f}"
    exact = int((number * 1000).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    assert read(text) == exact
    assert watt_hours_of(text, unit=EnergyUnit.KWH) == exact
