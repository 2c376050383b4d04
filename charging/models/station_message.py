"""What stations said, word for word, and the charges they told of: kept before they are answered."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from charging.domain import card_numbers
from charging.domain.ocpp import frames, keeping
from charging.models.said import STATIONS, SaidCharField, SaidTextField
from charging.models.station import Station
from charging.site_scope import SiteBound
from tenants import crypto
from tenants.blind_index import MarkField
from tenants.rls import owned
from tenants.scoping import OwnedForeignKey
from tenants.sealed_fields import Sealed


class StationMessage(SiteBound):
    """One message of a station as it came, and what was answered.

    The process `portal.gateway` adds it before the answer goes out; `charging.services.station_steps` reads each once,
    in the order of ids, and marks it in the transaction of what it makes of it. Nothing refers to a message, so that
    old ones can be dropped a day at a time.
    """

    seen_through = "station"
    sealed_for = STATIONS

    station = OwnedForeignKey(Station, related_name="messages")
    epoch = models.BigIntegerField()
    received_at = models.DateTimeField(_("received"))
    action = models.CharField(_("message"), max_length=50, blank=True)
    message_id = models.CharField(max_length=64, blank=True)
    # Text and not JSON: whatever is signed or broken in it stays as it came. Sealed, as cards may stand anywhere in it.
    raw = SaidTextField()
    # The card that it names, as cards are found by their UIDs; empty where it names none.
    card_mark = MarkField(max_length=card_numbers.LENGTH, blank=True, editable=False)
    # Ours, so it says whether a card may charge and not which.
    answer = models.TextField(blank=True)
    # The charge it is about, where the gateway gave it a number.
    number = models.IntegerField(null=True)
    is_read = models.BooleanField(default=False)
    # What the reader could not use of it: a code, or empty.
    remark = models.CharField(max_length=40, blank=True)

    class Meta:
        default_permissions = ()
        constraints = [*owned("station_message", "station", referred=False)]
        indexes = [
            models.Index(fields=["operator", "station", "-id"], name="station_message_newest"),
            models.Index(
                fields=["operator", "station", "id"], name="station_message_unread", condition=Q(is_read=False)
            ),
            models.Index(fields=["operator", "received_at"], name="station_message_age"),
            # What was asked about a card; most messages name none.
            models.Index(fields=["operator", "card_mark"], name="station_message_card", condition=~Q(card_mark="")),
        ]

    def marked(self, name: str) -> str | None:
        """The mark of the card that it names; None where it is as it was read."""
        raw = self.__dict__.get("raw")
        if name != "card_mark" or raw is None or isinstance(raw, Sealed):
            return None
        card = keeping.card_in(frames.read(raw))
        return card_numbers.uid_marks(card, self.operator_id, crypto.card_keys())[0] if card else ""

    def __str__(self) -> str:
        return self.action or "?"


class StationCharge(SiteBound):
    """A charge as its station tells of it: OCPP's transaction, with the number that we gave it.

    `said` is what makes a start that is repeated the same start: connector, card as its mark, instant and meter as the
    station wrote them. Its session is the one of the source `ocpp` whose external id is the number. Instants are aware
    UTC; `readings` holds the register in Wh at `read_at`.
    """

    seen_through = "station"
    sealed_for = STATIONS

    station = OwnedForeignKey(Station, related_name="charges")
    number = models.IntegerField()
    said = models.CharField(max_length=200)
    received_at = models.DateTimeField()
    id_tag = SaidCharField(max_length=64, blank=True)
    # Whether it was let in, and on what grounds: `charging.domain.ocpp.admission`.
    verdict = models.CharField(max_length=20)
    basis = models.CharField(max_length=20)
    is_stopped = models.BooleanField(default=False)
    # Where it goes on, as its station told (of OCPP 2 the first event alone must); empty where it has told nothing.
    outlet = models.CharField(max_length=20, blank=True, default="", db_default="")
    # When it began, as the event that began it says: of a charge without a name, so that one that is repeated is told
    # from another. Null where none has come, and of all others.
    began_at = models.DateTimeField(null=True)
    # The number of the command that it followed, as its station tells (OCPP 2: remoteStartId).
    asked_number = models.IntegerField(null=True)
    # As what kind of card it was let in when nobody could be asked in time (`charging.domain.ocpp.unasked`), or empty.
    unasked = models.CharField(max_length=10, blank=True, default="")
    # What such a charge has come to, in whole units of the operator's currency; null until it was counted
    # (`billing.services.unasked_costs`). The gateway adds these up.
    unasked_cost = models.PositiveIntegerField(null=True)
    # When it came, where it had long been over then (`charging.services.late_charges`); when its driver was written to,
    # and said that they have seen it.
    late_at = models.DateTimeField(null=True)
    late_told_at = models.DateTimeField(null=True)
    late_seen_at = models.DateTimeField(null=True)
    read_at = ArrayField(models.DateTimeField(), default=list)
    readings = ArrayField(models.BigIntegerField(), default=list)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("station_charge", "station", referred=False),
            models.UniqueConstraint(fields=["operator", "number"], name="station_charge_number_once"),
            models.UniqueConstraint(
                fields=["operator", "station", "said"], name="station_charge_open_once", condition=Q(is_stopped=False)
            ),
        ]
        indexes = [
            models.Index(fields=["operator", "station", "said"], name="station_charge_said"),
            models.Index(fields=["operator", "received_at"], name="station_charge_unasked", condition=~Q(unasked="")),
            models.Index(
                fields=["operator", "late_at"], name="station_charge_late", condition=Q(late_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return str(self.number)


class StationHalt(SiteBound):
    """That a station's messages are not read on, because one of them cannot be digested. Others go on."""

    seen_through = "station"

    station = OwnedForeignKey(Station, models.CASCADE, related_name="halts")
    # The number of the message; a plain one, as messages are dropped in time.
    message = models.BigIntegerField()
    # The kind of the error, never its text: that could quote a card.
    error = models.CharField(max_length=60)
    attempts = models.PositiveSmallIntegerField(default=1)
    since = models.DateTimeField(_("since"))
    try_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("station_halt", "station", referred=False),
            models.UniqueConstraint(fields=["operator", "station"], name="station_halt_once"),
        ]

    def __str__(self) -> str:
        return self.error
