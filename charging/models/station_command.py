"""What people asked of stations, how far it has come, and what the station answered."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from charging.domain import card_numbers
from charging.domain.ocpp import commands
from charging.models.said import STATIONS, SaidCharField, SaidTextField
from charging.models.station import Station
from charging.site_scope import SiteBound
from tenants import crypto
from tenants.blind_index import MarkField
from tenants.identifiers import new_public_id
from tenants.rls import owned
from tenants.scoping import OwnedForeignKey
from tenants.sealed_fields import Sealed


class StationCommand(SiteBound):
    """One thing that was asked of a station.

    A page adds it; the process `portal.gateway` that has the station's connection notes that it sends it (`sent`),
    sends it, and keeps the answer. Of what was sent as its connection ended nobody knows whether it arrived, and only
    what is harmless is sent again by itself. `claimed` stands in rows of older versions alone, which are given back.
    """

    seen_through = "station"
    sealed_for = STATIONS

    class Kind(models.TextChoices):
        START = commands.Kind.START, _("start a charge")
        STOP = commands.Kind.STOP, _("end a charge")
        UNLOCK = commands.Kind.UNLOCK, _("unlock an outlet")
        RESET = commands.Kind.RESET, _("restart the station")
        AVAILABILITY = commands.Kind.AVAILABILITY, _("take into or out of use")
        TRIGGER = commands.Kind.TRIGGER, _("ask for a message")
        READ_SETTINGS = commands.Kind.READ_SETTINGS, _("read the settings")
        CHANGE_SETTING = commands.Kind.CHANGE_SETTING, _("change a setting")
        UPDATE_FIRMWARE = commands.Kind.UPDATE_FIRMWARE, _("update the firmware")
        GET_LOG = commands.Kind.GET_LOG, _("fetch a log")
        RESERVE = commands.Kind.RESERVE, _("reserve an outlet")
        CANCEL_RESERVATION = commands.Kind.CANCEL_RESERVATION, _("cancel a reservation")
        LIMIT = commands.Kind.LIMIT, _("limit the power")
        CLEAR_LIMIT = commands.Kind.CLEAR_LIMIT, _("lift the limit")
        READ_NAMED = commands.Kind.READ_NAMED, _("read some settings")
        GET_SCHEDULE = commands.Kind.GET_SCHEDULE, _("ask for the power limits")
        FORGET_CARDS = commands.Kind.FORGET_CARDS, _("forget the cards it remembers")
        EMPTY_LIST = commands.Kind.EMPTY_LIST, _("empty its own list of cards")

    class State(models.TextChoices):
        QUEUED = commands.State.QUEUED, _("waits for the station")
        CLAIMED = commands.State.CLAIMED, _("is being sent")
        SENT = commands.State.SENT, _("sent, waits for the answer")
        ANSWERED = commands.State.ANSWERED, _("the station said yes")
        REFUSED = commands.State.REFUSED, _("the station said no")
        TIMED_OUT = commands.State.TIMED_OUT, _("the station did not answer")
        UNKNOWN = commands.State.UNKNOWN, _("not known whether it arrived")
        EXPIRED = commands.State.EXPIRED, _("not sent: the station was away")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    station = OwnedForeignKey(Station, related_name="commands")
    kind = models.CharField(_("what was asked"), max_length=20, choices=Kind)
    # What belongs to it, by name, as `charging.domain.ocpp.v16.request` reads it; apart what may name a card: the card,
    # and what a setting is to be.
    wanted = models.JSONField(default=dict)
    value = SaidTextField(blank=True)
    id_tag = SaidCharField(max_length=64, blank=True)
    # By which it is found: the mark of the card.
    card_mark = MarkField(max_length=card_numbers.LENGTH, blank=True, editable=False)
    # What of it is hidden (`charging.domain.ocpp.secrecy`), until it is sent; null when nothing is.
    hidden = models.BinaryField(null=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField(_("asked"))
    # Not sent any more from then on.
    not_after = models.DateTimeField()
    state = models.CharField(_("state"), max_length=20, choices=State, default=State.QUEUED)
    # The connection that has or had it, by its number: `StationLink.epoch`.
    epoch = models.BigIntegerField(null=True)
    claimed_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(_("sent"), null=True)
    done_at = models.DateTimeField(_("answered"), null=True)
    # The station's word for yes or no, and its answer as it came.
    status = models.CharField(max_length=50, blank=True)
    answer = SaidTextField(blank=True)
    # How far it says it has come since, in its own word (`commands.PROGRESS`), and when it said so.
    progress = models.CharField(max_length=40, blank=True)
    progress_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [*owned("station_command", "station", referred=False)]
        indexes = [
            models.Index(fields=["operator", "station", "-id"], name="station_command_newest"),
            models.Index(
                fields=["operator", "station", "id"],
                name="station_command_open",
                condition=Q(state__in=[str(state) for state in commands.OPEN]),
            ),
            models.Index(fields=["operator", "asked_at"], name="station_command_age"),
        ]

    def marked(self, name: str) -> str | None:
        """The mark of the card that it is asked with; None where that is as it was read."""
        card = self.__dict__.get("id_tag")
        if name != "card_mark" or card is None or isinstance(card, Sealed):
            return None
        return card_numbers.uid_marks(card, self.operator_id, crypto.card_keys())[0] if card else ""

    @property
    def told(self) -> dict[str, Any]:
        """All that belongs to it but the card."""
        return {**self.wanted, **({"value": self.value} if self.kind == self.Kind.CHANGE_SETTING else {})}

    def state_at(self, at: datetime) -> "StationCommand.State":
        """How far it has come: what was not sent in its time is not sent any more, whoever has noted it yet."""
        is_late = self.state == self.State.QUEUED and at >= self.not_after
        return self.State.EXPIRED if is_late else self.State(self.state)

    def is_open_at(self, at: datetime) -> bool:
        """Whether something can still become of it."""
        return str(self.state_at(at)) in set(commands.OPEN)

    def __str__(self) -> str:
        return self.get_kind_display()
