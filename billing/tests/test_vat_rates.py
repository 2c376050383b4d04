"""The standard rates of VAT by country and day, and tariffs that have another one where they apply."""

from datetime import date
from decimal import Decimal

import pytest

from billing.domain.tariff.model import parse_tariff
from billing.selectors import vat_rates
from billing.tests.factories import flat, tariff
from charging.models import Site

EU = [
    "AT",
    "BE",
    "BG",
    "CY",
    "CZ",
    "DE",
    "DK",
    "EE",
    "ES",
    "FI",
    "FR",
    "GR",
    "HR",
    "HU",
    "IE",
    "IT",
    "LT",
    "LU",
    "LV",
    "MT",
    "NL",
    "PL",
    "PT",
    "RO",
    "SE",
    "SI",
    "SK",
]
DAY = date(2026, 10, 1)


@pytest.mark.parametrize(
    ("country", "day", "percent"),
    [
        ("SE", date(2016, 1, 1), "25"),
        ("DE", date(2020, 6, 30), "19"),
        ("DE", date(2020, 7, 1), "16"),
        ("DE", date(2020, 12, 31), "16"),
        ("DE", date(2021, 1, 1), "19"),
        ("EE", date(2025, 6, 30), "22"),
        ("EE", date(2025, 7, 1), "24"),
        ("FI", date(2024, 8, 31), "24"),
        ("FI", date(2024, 9, 1), "25.5"),
        ("IE", date(2021, 2, 28), "21"),
        ("RO", date(2025, 8, 1), "21"),
        ("SK", date(2025, 1, 1), "23"),
        ("CH", date(2023, 12, 31), "7.7"),
        ("CH", date(2024, 1, 1), "8.1"),
        ("GB", DAY, "20"),
        ("NO", DAY, "25"),
    ],
)
def test_a_rate_counts_from_its_day_until_the_next(country, day, percent):
    found = vat_rates.standard_rate(country, day)
    assert found is not None
    assert found.percent == Decimal(percent)


def test_every_state_of_the_union_and_its_neighbours_have_one():
    assert all(vat_rates.standard_rate(country, DAY) for country in [*EU, "NO", "CH", "GB", "LI"])


def test_where_none_is_known_there_is_none():
    assert vat_rates.standard_rate("US", DAY) is None
    assert vat_rates.standard_rate("SE", date(1990, 6, 30)) is None


@pytest.mark.parametrize(("vat", "of"), [("25", {"FI"}), ("25.5", {"SE"}), (None, {"FI", "SE"}), ("19", {"FI", "SE"})])
@pytest.mark.parametrize("target", ["sites", "everywhere"])
def test_another_rate_than_the_standard_one_is_found_where_the_tariff_applies(in_north, vat, of, target):
    Site.objects.all().delete()
    sites = [Site.objects.create(name=country, time_zone="UTC", country=country) for country in ("SE", "FI", "US")]
    made = tariff(flat("2.00", vat), site=sites[0] if target == "sites" else None)
    assert {one.standard.country for one in vat_rates.others(made, _terms(made), DAY)} == (
        of & {"SE"} if target == "sites" else of
    )


def test_a_tariff_that_applies_nowhere_has_no_country(in_north):
    made = tariff(flat("2.00", "25"))
    made.assignments.all().delete()
    assert list(vat_rates.others(made, _terms(made), DAY)) == []


def _terms(made):
    return parse_tariff(made.versions.get().document)
