"""The demonstration's network: sites from a table, stations and connectors by the kind of site."""

import csv
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from charging.models import Connector, Site, Station
from tenants.models import Operator

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Kind:
    """What stands at a kind of site: power and standard of each outlet, outlets a station."""

    power_w: int
    standard: str
    outlets: int
    vendor: str
    model: str


KINDS = {
    "home": Kind(11_000, "IEC_62196_T2", 1, "Zaptec", "Pro"),
    "work": Kind(22_000, "IEC_62196_T2", 2, "Alfen", "Eve Double"),
    "public": Kind(22_000, "IEC_62196_T2", 2, "Charge Amps", "Dawn"),
    "fast": Kind(150_000, "IEC_62196_T2_COMBO", 2, "Kempower", "Satellite"),
}


@dataclass(frozen=True, slots=True)
class Location:
    """A site of the demonstration with its outlets as (station identifier, connector number)."""

    site: Site
    kind: str
    outlets: list[tuple[str, str]]


def build(operator: Operator) -> list[Location]:
    """Create the operator's sites, stations and connectors. Needs its scope."""
    own = [row for row in rows("sites.csv") if row["operator"] == operator.slug]
    return [_location(operator, row, number) for number, row in enumerate(own, 1)]


def rows(name: str) -> list[dict[str, str]]:
    """Return the rows of one of the demonstration's tables."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _location(operator: Operator, row: dict[str, str], number: int) -> Location:
    kind = KINDS[row["kind"]]
    site = Site.objects.create(
        name=row["name"],
        street=row["street"],
        postal_code=row["postal_code"],
        city=row["city"],
        latitude=Decimal(row["latitude"]),
        longitude=Decimal(row["longitude"]),
        time_zone=operator.time_zone,
    )
    prefix = "SE*NLA*E" if operator.slug == "north" else "SE*SYD*E"
    stations = Station.objects.bulk_create(
        Station(
            site=site,
            identifier=f"{prefix}{number:02}{index:03}",
            name=f"{row['name']} {index}",
            vendor=kind.vendor,
            model=kind.model,
        )
        for index in range(1, int(row["stations"]) + 1)
    )
    connectors = Connector.objects.bulk_create(
        Connector(
            station=station,
            number=str(outlet),
            standard=kind.standard,
            max_power_w=kind.power_w,
            status=Connector.Status.AVAILABLE,
        )
        for station in stations
        for outlet in range(1, kind.outlets + 1)
    )
    return Location(site, row["kind"], [(connector.station.identifier, connector.number) for connector in connectors])
