"""Charging sessions: what happened, when, where, and how much energy went into which car.

A session is a fact. Its metered series stands in its own row (the first instant and the energy of
each slot), as rows of their own tripled the storage and the reading time of a million sessions.
What a session costs is not known here: see `billing`.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from charging.models.site import Site
from charging.models.station import Connector, Station
from charging.models.token import Token
from charging.site_scope import SiteBound
from tenants.identifiers import new_public_id
from tenants.models import Driver
from tenants.rls import owned
from tenants.scoping import OwnedForeignKey
from tenants.sealed_fields import Person, SealedCharField


class ChargingSession(SiteBound):
    """One charging session.

    Times are aware UTC. Energy in Wh, as metered, never rounded to kWh.
    """

    class State(models.TextChoices):
        ACTIVE = "ACTIVE", _("in progress")
        COMPLETED = "COMPLETED", _("completed")

    class Review(models.TextChoices):
        """Whether a person must decide before the session can be billed."""

        NONE = "", _("not needed")
        PENDING = "pending", _("under review")
        APPROVED = "approved", _("approved")
        ENERGY_ONLY = "energy_only", _("energy only")
        WRITTEN_OFF = "written_off", _("written off")

    # Stations prove the operator (see `SameOperatorInBulk`): a foreign key of its own would be checked for every row.
    operator = models.ForeignKey(
        "tenants.Operator", models.PROTECT, related_name="+", editable=False, db_index=False, db_constraint=False
    )
    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    # The feed and its own session id: together they make every import repeatable.
    source = models.CharField(max_length=40)
    # By bytes: ids are compared a million times an import, and nobody reads them in the order of a language.
    external_id = models.CharField(_("session id of the source"), max_length=100, db_collation="C")
    file_import = OwnedForeignKey("charging.FileImport", null=True, editable=False, related_name="sessions")

    site = OwnedForeignKey(Site, related_name="sessions")
    station = OwnedForeignKey(Station, related_name="sessions")
    connector = OwnedForeignKey(Connector, related_name="sessions")
    token = OwnedForeignKey(Token, null=True, related_name="sessions")
    driver = OwnedForeignKey(Driver, null=True, related_name="sessions")

    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"), null=True)
    # When energy stopped flowing; from then on the time is parking time. Null: not known, all of it charging.
    charging_ended_at = models.DateTimeField(_("charging ended"), null=True)
    energy_wh = models.BigIntegerField(_("energy, Wh"), null=True)
    meter_start_wh = models.BigIntegerField(_("meter at start, Wh"), null=True)
    series_start = models.DateTimeField(null=True)
    series_interval_s = models.PositiveIntegerField(null=True)
    series_wh = ArrayField(models.IntegerField(), null=True)
    stop_reason = models.CharField(_("stop reason"), max_length=30, blank=True)

    state = models.CharField(_("state"), max_length=10, choices=State)
    review = models.CharField(_("review"), max_length=12, choices=Review, default=Review.NONE, blank=True)
    flags = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    review_note = SealedCharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned(
                "session",
                ("file_import", "site", "station", "connector"),
                ("token", "driver"),
                bulk=True,
                referred=False,
            ),
            models.UniqueConstraint(fields=["operator", "source", "external_id"], name="session_external_id_once"),
            models.CheckConstraint(condition=Q(energy_wh__gte=0), name="session_energy_not_negative"),
            models.CheckConstraint(condition=Q(ended_at__gte=F("started_at")), name="session_end_after_start"),
            models.CheckConstraint(
                condition=Q(state="ACTIVE") | Q(ended_at__isnull=False), name="session_completed_has_end"
            ),
            models.CheckConstraint(
                condition=Q(series_wh__isnull=True) | Q(series_start__isnull=False, series_interval_s__isnull=False),
                name="session_series_complete",
            ),
        ]
        indexes = [
            # Each costs every import: these are the lists there are; sums are kept by day (`billing.models.day_sum`).
            # Site, station, card and driver are one operator's: leading with the operator would only slow imports.
            models.Index(fields=["operator", "-started_at", "-id"], name="session_newest"),
            models.Index(fields=["site", "-started_at", "-id"], name="session_of_site"),
            models.Index(fields=["station", "-started_at", "-id"], name="session_of_station"),
            models.Index(
                fields=["driver", "-started_at", "-id"],
                name="session_of_driver",
                include=["operator", "energy_wh"],  # the months of a driver with very many
                condition=Q(driver__isnull=False),
            ),
            models.Index(
                fields=["token", "-started_at"],
                name="session_of_token",
                include=["driver"],  # those that nobody pays for
                condition=Q(token__isnull=False),
            ),
            models.Index(fields=["operator", "ended_at", "id"], name="session_ended", include=["energy_wh"]),
            # Few have a review, a remark or no end: small indexes that imports seldom touch.
            models.Index(
                fields=["operator", "review", "-started_at", "-id"],
                name="session_reviewed",
                condition=~Q(review=""),
            ),
            models.Index(
                fields=["operator", "-started_at", "-id"],
                name="session_flagged",
                condition=~Q(flags=[]),
            ),
            # For who sees one site: of a rare remark the whole site would be looked through.
            models.Index(fields=["site", "-started_at", "-id"], name="session_flagged_at_site", condition=~Q(flags=[])),
            models.Index(
                fields=["operator", "-started_at", "-id"],
                name="session_active",
                condition=Q(state="ACTIVE"),
            ),
        ]

    def __str__(self) -> str:
        return self.external_id

    @property
    def sealed_for(self) -> Person:
        """That a note may be about anybody, and of which session it is: who charged may turn out to be another."""
        return Person("session", self.public_id.int)
