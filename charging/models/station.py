"""Stations and their connectors."""

from django.db import models
from django.db.models import F
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from charging.models.site import Site
from charging.site_scope import SiteBound
from tenants.identifiers import new_public_id
from tenants.rls import owned
from tenants.scoping import OwnedForeignKey


class Station(SiteBound):
    """A charging station, known by the identifier that files and protocols use for it."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    site = OwnedForeignKey(Site, related_name="stations")
    identifier = models.CharField(_("identifier"), max_length=64)
    name = models.CharField(_("name"), max_length=150, blank=True)
    vendor = models.CharField(_("vendor"), max_length=100, blank=True)
    model = models.CharField(_("model"), max_length=100, blank=True)
    note = models.TextField(_("note"), max_length=2000, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    # Its meter is connected the wrong way round: what it tells as exported is what cars were given.
    counts_exported = models.BooleanField(_("exported energy is read"), default=False)
    # The station that this one turned out to be: what files say of either is said of that one.
    merged_into = OwnedForeignKey("self", null=True, editable=False, related_name="merged")
    # What undoing that needs (`billing.services.merging`); null with `merged_into`: only a former name of that one.
    merge = models.JSONField(null=True, editable=False)
    # The import that met it first; null: a person added it.
    file_import = OwnedForeignKey("charging.FileImport", null=True, editable=False, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("station", "site", "merged_into", "file_import"),
            models.UniqueConstraint(fields=["operator", "identifier"], name="station_identifier_once"),
        ]
        indexes = [
            models.Index(fields=["operator", "site"], name="station_of_site"),
            # How a station that connects is found: it may write its identifier in any case.
            models.Index(F("operator"), Upper("identifier"), name="station_in_any_case"),
        ]

    def __str__(self) -> str:
        return self.name or self.identifier


class Connector(SiteBound):
    """One outlet of a station, of which a session uses exactly one (OCPI: EVSE with its connector)."""

    seen_through = "station"

    class Status(models.TextChoices):
        """OCPI 2.2.1 mod_locations, Status enum."""

        AVAILABLE = "AVAILABLE", _("available")
        CHARGING = "CHARGING", _("charging")
        BLOCKED = "BLOCKED", _("blocked")
        RESERVED = "RESERVED", _("reserved")
        INOPERATIVE = "INOPERATIVE", _("inoperative")
        OUTOFORDER = "OUTOFORDER", _("out of order")
        UNKNOWN = "UNKNOWN", _("unknown")

    station = OwnedForeignKey(Station, related_name="connectors")
    number = models.CharField(_("number"), max_length=20, default="1")
    standard = models.CharField(_("standard"), max_length=30, blank=True, help_text=_("OCPI ConnectorType."))
    max_power_w = models.PositiveIntegerField(_("maximum power, W"), null=True, blank=True)
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.UNKNOWN)
    status_at = models.DateTimeField(_("status since"), null=True, blank=True)
    file_import = OwnedForeignKey("charging.FileImport", null=True, editable=False, related_name="+")

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("connector", "station", "file_import"),
            models.UniqueConstraint(fields=["operator", "station", "number"], name="connector_number_once"),
        ]

    def __str__(self) -> str:
        return f"{self.station}/{self.number}"


class ConnectorState(SiteBound):
    """A state that a connector had from a moment on, until the next one. Written by a trigger, whoever changes it."""

    seen_through = "connector"

    connector = OwnedForeignKey(Connector, models.CASCADE, related_name="states")
    status = models.CharField(_("status"), max_length=12, choices=Connector.Status)
    at = models.DateTimeField(_("since"))

    class Meta:
        default_permissions = ()
        constraints = [*owned("connector_state", "connector", referred=False)]
        indexes = [models.Index(fields=["operator", "connector", "-at"], name="connector_state_newest")]

    def __str__(self) -> str:
        return self.status
