"""Meters that sign: their public keys, the records that they signed, and whether billing demands these."""

from datetime import date

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from charging.models.said import STATIONS, SaidTextField
from charging.models.station import Connector, Station
from charging.site_scope import SiteBound
from tenants.identifiers import new_public_id
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey


class MeterKey(SiteBound):
    """The public key of the meter at an outlet, from one day to another, both included, by the clock of the site.

    It comes from the meter's plate or papers; a key that a station sends along proves nothing.
    """

    seen_through = "connector"

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    connector = OwnedForeignKey(Connector, related_name="meter_keys")
    serial = models.CharField(_("serial number of the meter"), max_length=50, blank=True)
    curve = models.CharField(_("curve"), max_length=20)
    # DER (SubjectPublicKeyInfo) as hex: `charging.domain.signed.keys`.
    public_key = models.CharField(_("public key"), max_length=1200)
    valid_from = models.DateField(_("from"))
    valid_until = models.DateField(_("until"), null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("meter_key", "connector", referred=False),
            models.UniqueConstraint(fields=["operator", "connector", "public_key"], name="meter_key_once"),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")), name="meter_key_in_order"
            ),
        ]

    def holds_on(self, day: date) -> bool:
        """Whether it was the meter's on that day."""
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)

    def __str__(self) -> str:
        return self.serial or f"{self.public_key[-16:]}"


class SignedRecord(SiteBound):
    """What a meter signed about a charge, as its station sent it: kept as long as the books that rest on it."""

    seen_through = "station"
    sealed_for = STATIONS

    station = OwnedForeignKey(Station, related_name="signed_records")
    # The charge: `StationCharge.number`.
    number = models.IntegerField()
    context = models.CharField(max_length=30, blank=True)
    # Text as it came, to the last byte: anything else could not be verified. Sealed, as it may name a card.
    raw = SaidTextField()
    # The same for the same record, however it was wrapped: `charging.domain.signed.ocmf.digest`.
    digest = models.CharField(max_length=64)
    received_at = models.DateTimeField(_("received"))
    # Something became known after its session was looked at: this record, or a key.
    is_due = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("signed_record", "station", referred=False),
            models.UniqueConstraint(fields=["operator", "number", "digest"], name="signed_record_once"),
        ]
        indexes = [
            # Whether a station has sent it of another charge already.
            models.Index(fields=["operator", "station", "digest"], name="signed_record_again"),
            models.Index(fields=["operator", "id"], name="signed_record_due", condition=Q(is_due=True)),
        ]

    def __str__(self) -> str:
        return self.digest[:16]


class MeterRule(OperatorOwned):
    """What the operator demands of signed values before a charge is billed. Without a row nothing."""

    class Demand(models.TextChoices):
        NOTHING = "nothing", _("nothing: bill also what no meter has signed")
        WITH_KEY = "with_key", _("proof wherever the key of a meter is registered")
        ALWAYS = "always", _("proof of every charge that a station reports itself")

    demand = models.CharField(_("what billing demands"), max_length=10, choices=Demand, default=Demand.NOTHING)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("meter_rule", referred=False),
            models.UniqueConstraint(fields=["operator"], name="meter_rule_once"),
        ]

    def __str__(self) -> str:
        return self.get_demand_display()
