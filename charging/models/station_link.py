"""How a station reaches us: its password, the connection it has now, and strangers that knock."""

from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from charging.domain.ocpp import admission
from charging.models.station import Station
from charging.site_scope import SiteBound
from tenants.identifiers import new_public_id
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey

#: Whoever was not heard of for so long is gone, whatever the gateway could note of it: it may have been killed.
LONGEST_SILENCE = timedelta(minutes=30)


class StationLink(SiteBound):
    """That a station may connect, and whether it does. Without such a row a station is refused.

    The process `portal.gateway` writes what it sees of the connection; the portal writes the password. Of two
    connections of one station the newer holds: each has a number, `epoch`, one higher than the one before.
    """

    seen_through = "station"

    class Boot(models.TextChoices):
        """How it is received when it starts (`charging.domain.ocpp.admission`)."""

        ACCEPTED = admission.Boot.ACCEPTED, _("accepted")
        PENDING = admission.Boot.PENDING, _("held: it can be set up, and nobody charges there")
        REJECTED = admission.Boot.REJECTED, _("turned away")

    station = OwnedForeignKey(Station, models.CASCADE, related_name="links")
    boot = models.CharField(_("received as"), max_length=10, choices=Boot, default=Boot.ACCEPTED)
    # What is kept of a password: `charging.domain.ocpp.passwords`.
    password_kept = models.CharField(max_length=120)
    password_at = models.DateTimeField(_("password made"))
    # The password before it, which the station has until it is told the new one; empty once it has used that.
    earlier_kept = models.CharField(max_length=120, blank=True)
    # Of its client certificate: SHA-256 in hex (`charging.domain.ocpp.certificates`), whose it says it is, until when.
    certificate = models.CharField(max_length=64, blank=True, default="")
    certificate_name = models.CharField(max_length=200, blank=True, default="")
    certificate_until = models.DateTimeField(null=True)
    # When it connected by the certificate first: from then on no password lets it in.
    certified_at = models.DateTimeField(null=True)
    epoch = models.BigIntegerField(default=0)
    # By which secrets are sealed for the process that has the connection: `charging.domain.ocpp.secrecy`.
    seal_key = models.CharField(max_length=64, blank=True, editable=False)
    protocol = models.CharField(_("protocol"), max_length=10, blank=True)
    address = models.CharField(_("address"), max_length=45, blank=True)
    connected_at = models.DateTimeField(_("connected since"), null=True)
    seen_at = models.DateTimeField(_("last heard of"), null=True)
    disconnected_at = models.DateTimeField(_("disconnected"), null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("station_link", "station", referred=False),
            models.UniqueConstraint(fields=["operator", "station"], name="station_link_once"),
        ]

    def is_connected_at(self, at: datetime) -> bool:
        """Whether the station is connected: it came, did not go, and was heard of lately."""
        is_here = self.connected_at is not None and self.disconnected_at is None
        return is_here and self.seen_at is not None and at - self.seen_at < LONGEST_SILENCE

    def __str__(self) -> str:
        return str(self.station)


class StationKnock(OperatorOwned):
    """That something tried to connect and was refused: one row for each name it gave, with the last reason."""

    class Reason(models.TextChoices):
        UNKNOWN = "unknown", _("no station has this identifier")
        NO_PASSWORD = "no_password", _("the station has no password here yet")
        WRONG_PASSWORD = "wrong_password", _("the password was wrong")
        NOT_IN_USE = "not_in_use", _("the station is not in use")
        PROTOCOL = "protocol", _("it speaks none of our protocols")
        CERTIFICATE = "certificate", _("its certificate is missing, has expired or is another one")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    identity = models.CharField(_("identifier"), max_length=64)
    reason = models.CharField(_("reason"), max_length=20, choices=Reason)
    protocols = models.CharField(_("protocol"), max_length=60, blank=True)
    address = models.CharField(_("address"), max_length=45, blank=True)
    first_at = models.DateTimeField(_("first time"))
    last_at = models.DateTimeField(_("last time"))
    times = models.PositiveIntegerField(_("times"), default=1)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("station_knock", referred=False),
            models.UniqueConstraint(fields=["operator", "identity"], name="station_knock_once"),
        ]
        indexes = [models.Index(fields=["operator", "-last_at", "-id"], name="station_knock_newest")]

    def __str__(self) -> str:
        return self.identity
