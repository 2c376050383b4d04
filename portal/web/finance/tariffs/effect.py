"""What a version of a tariff would have made of past months, as pages show it."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from billing.batches import DIGITS
from billing.models import PriceEffect
from billing.services.effects import Sums, Tally
from charging.models import ChargingSession, Site
from portal.words.changes import Change


@dataclass(frozen=True, slots=True)
class Effect:
    """The sums, each site's, and the sessions that change most; of sites and sessions those that the reader sees."""

    work: PriceEffect
    tally: Tally
    total: Change
    sites: list[tuple[Site, int, Change]]
    most: list[tuple[ChargingSession, Change]]


def effect_of(row: PriceEffect, currency: str) -> Effect:
    """Return what is known of the effect."""
    tally = Tally.of(row.result) if row.result else Tally(currency, least=0)
    sums = tally.parts["site"]
    known = Site.objects.in_bulk(list(sums))
    sites = [(known[key], sums[key].sessions, change(sums[key], currency)) for key in sums if key in known]
    return Effect(row, tally, change(tally.total, currency), sites, sessions_of(tally.most, currency))


def sessions_of(named: Iterable[tuple[int, int, int]], currency: str) -> list[tuple[ChargingSession, Change]]:
    """The sessions that the reader sees, each with its change."""
    rows = list(named)
    known = ChargingSession.objects.select_related("site").in_bulk([key for key, _, _ in rows])
    return [(known[key], change(Sums(1, old, new), currency)) for key, old, new in rows if key in known]


def change(sums: Sums, currency: str) -> Change:
    """The sums as amounts of money."""
    return Change(Decimal(sums.old).scaleb(-DIGITS), Decimal(sums.new).scaleb(-DIGITS), currency)
