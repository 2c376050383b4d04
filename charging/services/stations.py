"""Stations and their connectors: added and changed by people. An import adds the ones it meets by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from charging.domain.errors import Code, NetworkRefused
from charging.models import Connector, Station
from charging.sight import limited_to


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
        NetworkRefused: another station has the identifier, or two connectors the same number.
    """
    _check_identifier(identifier)
    station = Station.objects.create(identifier=identifier, **facts)
    return _with(station, outlets)


@transaction.atomic
def change(station: Station, *, outlets: Sequence[Outlet] = (), **facts: Any) -> Station:
    """Give the station these facts and outlets. A connector that is not named stays: it may have sessions.

    Raises:
        NetworkRefused: another station has the identifier, or two connectors the same number.
    """
    _check_identifier(facts.get("identifier", station.identifier), but=station)
    for field, value in facts.items():
        setattr(station, field, value)
    station.save()
    return _with(station, outlets)


def _with(station: Station, outlets: Sequence[Outlet]) -> Station:
    numbers = [outlet.number for outlet in outlets]
    for number in numbers:
        if numbers.count(number) > 1:
            raise NetworkRefused(Code.CONNECTOR_NUMBER_TWICE, number=number)
    for outlet in outlets:
        facts = {"standard": outlet.standard, "max_power_w": outlet.max_power_w}
        Connector.objects.update_or_create(station=station, number=outlet.number, defaults=facts)
    return station


def _check_identifier(identifier: str, *, but: Station | None = None) -> None:
    others = Station.objects.filter(identifier=identifier)
    with limited_to(None):  # an identifier is taken by a station out of sight, too
        is_taken = (others.exclude(pk=but.pk) if but else others).exists()
    if is_taken:
        raise NetworkRefused(Code.STATION_TAKEN, identifier=identifier)
