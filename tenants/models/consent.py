"""Consent: what was asked, in which words, and what each person answered when.

Consent is only for what is neither contract nor law. A purpose has numbered notices in each
language; an event points at the exact notice and repeats its hash. Events and notices are only
ever added: the database refuses to change or delete them (GDPR art. 7(1): the controller shall be
able to demonstrate that the data subject has consented). Receipt fields: ISO/IEC TS 27560:2023.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.identifiers import new_public_id
from tenants.models.driver import Driver
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey


class ConsentPurpose(OperatorOwned):
    """One thing a driver may agree to or not, such as a newsletter."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    code = models.SlugField(_("code"), max_length=40, db_index=False)
    is_active = models.BooleanField(_("asked"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("consent_purpose"),
            models.UniqueConstraint(fields=["operator", "code"], name="consent_purpose_code_once"),
        ]

    def __str__(self) -> str:
        return self.code


class ConsentNotice(OperatorOwned):
    """The words of a purpose: one version in one language. Never changed; a new wording is a new version."""

    purpose = OwnedForeignKey(ConsentPurpose, related_name="notices")
    version = models.PositiveIntegerField()
    language = models.CharField(max_length=5)
    title = models.CharField(_("title"), max_length=100)
    text = models.TextField(_("text"))
    text_sha256 = models.CharField(max_length=64, editable=False)
    published_at = models.DateTimeField()
    # Whether it says something new, so that a yes to earlier words does not cover it (GDPR art. 4(11)).
    asks_again = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("consent_notice", "purpose"),
            models.UniqueConstraint(
                fields=["operator", "purpose", "version", "language"], name="consent_notice_version_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.language}, v{self.version})"


class ConsentEvent(OperatorOwned):
    """What a driver decided about a purpose at a moment. The newest event of a purpose is in force."""

    class Decision(models.TextChoices):
        GIVEN = "given", _("given")
        WITHDRAWN = "withdrawn", _("withdrawn")

    class Channel(models.TextChoices):
        PORTAL = "portal", _("portal")
        STAFF = "staff", _("recorded by staff")
        IMPORT = "import", _("import")
        PAPER = "paper", _("on paper")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    driver = OwnedForeignKey(Driver, related_name="consent_events")
    purpose = OwnedForeignKey(ConsentPurpose, related_name="events")
    notice = OwnedForeignKey(ConsentNotice, related_name="events")
    decision = models.CharField(max_length=10, choices=Decision)
    text_sha256 = models.CharField(max_length=64)
    channel = models.CharField(max_length=10, choices=Channel)
    recorded_by_id = models.BigIntegerField(null=True, help_text="User who did it; kept when the user is gone.")
    address = models.GenericIPAddressField(null=True)
    happened_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [*owned("consent_event", "driver", "purpose", "notice")]
        indexes = [
            models.Index(fields=["operator", "driver", "purpose", "-id"], name="consent_event_newest"),
            models.Index(fields=["operator", "purpose", "-happened_at", "-id"], name="consent_event_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.decision} {self.happened_at:%Y-%m-%d %H:%M}"


class ConsentPaper(OperatorOwned):
    """The paper that a decision was given on, as it was scanned. The file ends with the person; its hash stays."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    event = OwnedForeignKey(ConsentEvent, related_name="papers")
    file = models.FileField(max_length=300, blank=True)
    kind = models.CharField(max_length=4)
    sha256 = models.CharField(max_length=64)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("consent_paper", "event", referred=False),
            models.UniqueConstraint(fields=["operator", "event"], name="consent_paper_once"),
        ]

    def __str__(self) -> str:
        return f"paper {self.pk}"
