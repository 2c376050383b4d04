"""Incidents: what is known of them when, who was told, whom they concern, and the evidence (GDPR art. 33, 34; NIS2).

Of an incident nothing is rewritten: notes, reports, the list of the affected and letters are only added (art. 33(5)).
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.identifiers import new_public_id
from tenants.models.driver import Driver
from tenants.models.work import OPEN, Work
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey


class Incident(OperatorOwned):
    """Something that went wrong with data or service. known_at: when it was first known here; the clocks count from it.

    began_at, ended_at: when it happened, as far as is known. risk: to people (GDPR art. 33(1), 34(1)).
    is_significant: whether NIS2's clocks run (art. 23(3)).
    """

    class Kind(models.TextChoices):
        CONFIDENTIALITY = "confidentiality", _("somebody saw or took what was not theirs")
        INTEGRITY = "integrity", _("something was changed that should not have been")
        AVAILABILITY = "availability", _("something was lost or out of reach")

    class Risk(models.TextChoices):
        NONE = "none", _("a risk to people is unlikely")
        RISK = "risk", _("a risk to people")
        HIGH = "high", _("a high risk to people")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    title = models.CharField(_("title"), max_length=120)
    kinds = ArrayField(models.CharField(max_length=15, choices=Kind), verbose_name=_("what was harmed"))
    known_at = models.DateTimeField(_("known since"))
    began_at = models.DateTimeField(_("it began"), null=True, blank=True)
    ended_at = models.DateTimeField(_("it ended"), null=True, blank=True)
    risk = models.CharField(_("risk to people"), max_length=4, choices=Risk, default=Risk.RISK)
    is_significant = models.BooleanField(_("significant under NIS2"), default=True)
    opened_at = models.DateTimeField(default=timezone.now)
    opened_by_id = models.BigIntegerField(null=True)
    closed_at = models.DateTimeField(_("closed"), null=True)
    closed_by_id = models.BigIntegerField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [*owned("incident")]
        indexes = [models.Index(fields=["operator", "-known_at", "-id"], name="incident_newest")]

    def __str__(self) -> str:
        return self.title

    @property
    def log_name(self) -> str:
        """The incident in the audit log: its number, as a title may name somebody."""
        return f"#{self.pk}"


class IncidentNote(OperatorOwned):
    """What became known, or was done, and when."""

    incident = OwnedForeignKey(Incident, related_name="notes")
    happened_at = models.DateTimeField(_("when"))
    text = models.TextField(_("what is known, or was done"), max_length=5000)
    recorded_at = models.DateTimeField(default=timezone.now)
    recorded_by_id = models.BigIntegerField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [*owned("incident_note", "incident", referred=False)]
        indexes = [models.Index(fields=["operator", "incident", "happened_at", "id"], name="incident_note_by_time")]

    def __str__(self) -> str:
        return f"note {self.pk}"


class IncidentReport(OperatorOwned):
    """That somebody was told, once a clock. reference: what the authority calls it. late_reason: why it came late."""

    incident = OwnedForeignKey(Incident, related_name="reports")
    clock = models.CharField(max_length=14)
    told_at = models.DateTimeField(_("told"))
    reference = models.CharField(_("reference number"), max_length=100, blank=True)
    late_reason = models.TextField(_("why it comes late"), max_length=2000, blank=True)
    recorded_at = models.DateTimeField(default=timezone.now)
    recorded_by_id = models.BigIntegerField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("incident_report", "incident", referred=False),
            models.UniqueConstraint(fields=["operator", "incident", "clock"], name="incident_report_once"),
        ]

    def __str__(self) -> str:
        return self.clock


class IncidentList(OperatorOwned, Work):
    """A question to the audit log, whose data somebody saw or changed, and its answer, frozen; made in the background.

    person_id, key_id, address: who; any of them may be left out. is_everybody: every driver there was, where a whole
    register went. others: acts of that time that were about no single person, by event.
    """

    work_kind = "incident_list"

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    incident = OwnedForeignKey(Incident, related_name="lists")
    since = models.DateTimeField(_("from"))
    until = models.DateTimeField(_("until"))
    person_id = models.BigIntegerField(null=True)
    key_id = models.BigIntegerField(null=True)
    address = models.GenericIPAddressField(null=True)
    is_everybody = models.BooleanField(default=False)
    others = models.JSONField(default=dict)
    count = models.PositiveIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    frozen_at = models.DateTimeField(null=True)
    asked_by_person_id = models.BigIntegerField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [*owned("incident_list", "incident")]
        indexes = [models.Index(fields=["operator", "id"], condition=OPEN, name="incident_list_open")]

    @property
    def asked_by_id(self) -> int | None:
        """Number of the person who asked."""
        return self.asked_by_person_id

    def __str__(self) -> str:
        return f"list {self.pk}"


class IncidentAffected(OperatorOwned):
    """A driver on a list: how often their data was seen or changed, first and last. All empty where everybody is."""

    list = OwnedForeignKey(IncidentList, related_name="affected")
    driver = OwnedForeignKey(Driver, related_name="affected")
    times = models.PositiveIntegerField(default=0)
    first_at = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("incident_affected", "list", "driver", bulk=True, referred=False),
            models.UniqueConstraint(fields=["operator", "list", "driver"], name="incident_affected_once"),
        ]
        indexes = [models.Index(fields=["operator", "driver"], name="incident_affected_driver")]

    def __str__(self) -> str:
        return f"affected {self.pk}"


class IncidentLetter(OperatorOwned):
    """That a driver was written to about an incident. Once: nobody gets it twice."""

    incident = OwnedForeignKey(Incident, related_name="letters")
    driver = OwnedForeignKey(Driver, related_name="incident_letters")
    written_at = models.DateTimeField()
    has_address = models.BooleanField()

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("incident_letter", "incident", "driver", referred=False),
            models.UniqueConstraint(fields=["operator", "incident", "driver"], name="incident_letter_once"),
        ]

    def __str__(self) -> str:
        return f"letter {self.pk}"


class IncidentLetters(OperatorOwned, Work):
    """That the affected are to be written to, in which words by language, and how far that is."""

    work_kind = "incident_letters"

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    incident = OwnedForeignKey(Incident, related_name="mailings")
    words = models.JSONField()
    started_by_id = models.BigIntegerField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("incident_letters", "incident", referred=False),
            models.UniqueConstraint(fields=["operator", "incident"], condition=OPEN, name="incident_letters_open_once"),
        ]
        indexes = [models.Index(fields=["operator", "id"], condition=OPEN, name="incident_letters_open")]

    @property
    def asked_by_id(self) -> int | None:
        """Number of the person who had them sent."""
        return self.started_by_id

    def __str__(self) -> str:
        return f"letters {self.pk}"


class IncidentBundle(OperatorOwned, Work):
    """The evidence of an incident as one file, made in the background; it lies there for two weeks."""

    work_kind = "incident_bundle"

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    incident = OwnedForeignKey(Incident, related_name="bundles")
    since = models.DateTimeField(_("from"))
    until = models.DateTimeField(_("until"))
    file = models.FileField(max_length=300, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.BigIntegerField(default=0)
    made_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    requested_by_id = models.BigIntegerField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("incident_bundle", "incident", referred=False),
            models.UniqueConstraint(fields=["operator", "incident"], condition=OPEN, name="incident_bundle_open_once"),
        ]
        indexes = [
            models.Index(fields=["operator", "id"], condition=OPEN, name="incident_bundle_open"),
            models.Index(fields=["operator", "expires_at"], name="incident_bundle_age", condition=~models.Q(file="")),
        ]

    @property
    def asked_by_id(self) -> int | None:
        """Number of the person who asked for it."""
        return self.requested_by_id

    def __str__(self) -> str:
        return f"evidence {self.pk}"
