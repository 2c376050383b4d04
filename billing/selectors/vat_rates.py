"""The standard rates of VAT by country and day (`billing/data/vat_rates.toml`), and where a tariff has another one."""

import tomllib
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import Any, Final

from billing.domain import zones
from billing.domain.kernel.turns import Turn, Turns
from billing.domain.tariff import model as ocpi
from billing.models import Tariff
from billing.selectors.day_sums import midnight
from charging.models import Site

_FILE: Final = Path(__file__).resolve().parents[1] / "data" / "vat_rates.toml"


@dataclass(frozen=True, slots=True)
class Rate:
    """A country's standard rate and the first day it counts, or since which it is known."""

    country: str
    percent: Decimal
    since: date


@dataclass(frozen=True, slots=True)
class Other:
    """That energy is priced with another rate (None: without VAT) than the standard one of a country."""

    priced: Decimal | None
    standard: Rate


@cache
def _rates() -> dict[str, list[Rate]]:
    """Every rate of each country, in order of time."""
    with _FILE.open("rb") as file:
        listed: dict[str, dict[str, str]] = tomllib.load(file)
    return {
        country: [Rate(country, Decimal(percent), date.fromisoformat(day)) for day, percent in sorted(rates.items())]
        for country, rates in listed.items()
    }


def of(country: str) -> list[Rate]:
    """The standard rates of a country in order of time; none where none is known."""
    return list(_rates().get(country, []))


def standard_rate(country: str, day: date) -> Rate | None:
    """The standard rate of a country on a day by its calendar; None where none is known."""
    rates = _rates().get(country, [])
    index = bisect_right(rates, day, key=lambda rate: rate.since)
    return rates[index - 1] if index else None


@cache
def changes(country: str, zone: str) -> tuple[tuple[Decimal, Turn], ...]:
    """Each change of a country's standard rate, in order of time: the rate before it, and when it is another one.

    It changes at midnight by the clock of this zone; in one that nobody knows it never does.
    """
    if not zones.known(zone):
        return ()
    return tuple(
        (before.percent, Turn(int(midnight(after.since, zones.zone_named(zone)).timestamp()), after.percent))
        for before, after in pairwise(of(country))
    )


def turns(country: str, zone: str, start: int, end: int) -> Turns | None:
    """The changes that lie within a session at such a place, from its start to its end; None for nearly all."""
    found = [(before, turn) for before, turn in changes(country, zone) if start < turn.at < end]
    return Turns(found[0][0], tuple(turn for _, turn in found)) if found else None


def instants(places: Iterable[tuple[str, str]]) -> list[int]:
    """When the standard rate changes at any of these places, each a country and a zone; in order of time."""
    return sorted({turn.at for country, zone in places for _, turn in changes(country, zone)})


def columns() -> dict[str, list[Any]]:
    """Every rate as columns for SQL: country, per cent, the first day it counts and the first one it no longer does."""
    rows = [
        (rate.country, rate.percent, rate.since, later.since if later else None)
        for rates in _rates().values()
        for rate, later in zip_longest(rates, rates[1:])
    ]
    names = ("countries", "percents", "sinces", "untils")
    return {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}


def others(tariff: Tariff, terms: ocpi.Tariff, day: date) -> Iterator[Other]:
    """Where the tariff applies or will, the standard rates on that day that its prices of energy do not have."""
    priced = {
        one.vat for element in terms.elements for one in element.price_components if one.type is ocpi.Dimension.ENERGY
    }
    for country in _countries(tariff):
        standard = standard_rate(country, day)
        if standard is not None:
            yield from (Other(rate, standard) for rate in priced if rate != standard.percent)


def _countries(tariff: Tariff) -> list[str]:
    """The countries of the sites that the tariff is assigned to; all of them where it is not to a site."""
    targets = set(tariff.assignments.values_list("site_id", flat=True))
    if not targets:
        return []
    sites = Site.objects.all() if None in targets else Site.objects.filter(pk__in=targets)
    return sorted(set(sites.values_list("country", flat=True)))
