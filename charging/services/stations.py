"""Stations and their connectors: added and changed by people. An import adds the ones it meets by itself."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from charging.domain.errors import Code, NetworkRefused
from charging.models import Connector, Station
from charging.site_scope import visible_sites
from tenants.conflicts import refused_as


@dataclass(frozen=True, slots=True)
class Outlet:
    """What a person says about one connector. `max_power_w`: None when it is not known."""

    number: str
    standard: str = ""
    max_power_w: int | None = None


@transaction.atomic
def create(*, identifier: str, outlets: Sequence[Outlet] = (), **facts: Any) -> Station:
    """Add a station with its connectors. `facts`: the other fields of `Station`.

    Raises:
        NetworkRefused: another station has the identifier, two connectors have the same number, or the person works
            for some sites only (see `change`).
    """
    if visible_sites() is not None:
        raise NetworkRefused(Code.STATION_IN_SIGHT_OF_SOME)
    with _identifier_once(identifier):
        station = Station.objects.create(identifier=identifier, **facts)
    return _with(station, outlets)


@transaction.atomic
def change(station: Station, *, outlets: Sequence[Outlet] = (), **facts: Any) -> Station:
    """Give the station these facts and outlets. A connector that is not named stays: it may have sessions.

    A station that gets another identifier is still found by the former one.

    Raises:
        NetworkRefused: another station has the identifier, two connectors have the same number, or the station gets
            another identifier from a person who works for some sites only: identifiers are of the whole operator, so
            whether one is taken would tell them of stations they do not see.
    """
    former, identifier = station.identifier, facts.get("identifier", station.identifier)
    if visible_sites() is not None and identifier != station.identifier:
        raise NetworkRefused(Code.STATION_IN_SIGHT_OF_SOME)
    for field, value in facts.items():
        setattr(station, field, value)
    _former_names(station).filter(identifier=identifier).delete()
    with _identifier_once(identifier):
        station.save()
    if identifier != former:
        Station.objects.create(identifier=former, site=station.site, merged_into=station, is_active=False)
    for other in Station.objects.filter(merged_into=station).exclude(site=station.site):
        other.site = station.site
        other.save(update_fields=["site"])
    return _with(station, outlets)


def _former_names(station: Station) -> QuerySet[Station]:
    """What it was called before: files and searches go on meaning the station by it (`merged_into`)."""
    return Station.objects.filter(merged_into=station, merge__isnull=True)


def _with(station: Station, outlets: Sequence[Outlet]) -> Station:
    numbers = [outlet.number for outlet in outlets]
    for number in numbers:
        if numbers.count(number) > 1:
            raise NetworkRefused(Code.CONNECTOR_NUMBER_TWICE, number=number)
    for outlet in outlets:
        facts = {"standard": outlet.standard, "max_power_w": outlet.max_power_w}
        Connector.objects.update_or_create(station=station, number=outlet.number, defaults=facts)
    return station


def _identifier_once(identifier: str) -> AbstractContextManager[None]:
    taken = NetworkRefused(Code.STATION_TAKEN, identifier=identifier)
    return refused_as(taken, constraint="station_identifier_once")
