"""Names as they were when a run's invoices were issued: of sites, stations and tariffs.

Documents and accounting files of a closed month say these, whatever a site or a tariff is called later. Kept once a
run for each station, not on each of a million lines; a credit note says what its invoice says. A customer's number
stands on the invoice itself, the name and address in the version of the identity it was issued with.
"""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db import models

from billing.models.run import InvoiceRun
from billing.models.tariff import TariffVersion
from charging.models import Site, Station
from charging.site_scope import SiteBound
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey


@dataclass(frozen=True, slots=True)
class LineNames:
    """What a line says of where it was charged and by which tariff. `station` is the shown name."""

    site: str
    station: str
    time_zone: str
    tariff: str

    @property
    def zone(self) -> ZoneInfo:
        """The clock of the site."""
        return ZoneInfo(self.time_zone)


class IssuedStation(SiteBound):
    """A site and a station as they were called, and which clock they had, when the run was issued."""

    seen_through = "site"

    run = OwnedForeignKey(InvoiceRun, related_name="stations")
    site = OwnedForeignKey(Site, related_name="+")
    station = OwnedForeignKey(Station, related_name="+")
    site_name = models.CharField(max_length=150)
    station_name = models.CharField(max_length=150)
    station_identifier = models.CharField(max_length=64)
    time_zone = models.CharField(max_length=50)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("issued_station", "run", "site", "station"),
            models.UniqueConstraint(fields=["operator", "run", "site", "station"], name="issued_station_once"),
        ]

    def __str__(self) -> str:
        return f"{self.site_name} · {self.station_name}"


class IssuedTariff(OperatorOwned):
    """What a tariff was called when the run was issued."""

    run = OwnedForeignKey(InvoiceRun, related_name="tariffs")
    tariff_version = OwnedForeignKey(TariffVersion, related_name="+")
    name = models.CharField(max_length=100)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("issued_tariff", "run", "tariff_version"),
            models.UniqueConstraint(fields=["operator", "run", "tariff_version"], name="issued_tariff_once"),
        ]

    def __str__(self) -> str:
        return self.name
