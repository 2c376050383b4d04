"""What people ask about their data (GDPR art. 15–18, 20, 21), the copies made for them, and what limits its use."""

from datetime import date

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tenants.identifiers import new_public_id
from tenants.models.driver import Driver
from tenants.models.work import OPEN, Work
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey
from tenants.sealed_fields import Person, SealedCharField, SealedTextField


class PersonRequest(OperatorOwned):
    """One request of one driver, and until when it has to be answered (art. 12(3)).

    text, answer and reasons are the words of people, sealed with the driver's key. entered_by_id: who of the staff
    entered it; None when the driver did. identity_checked: how staff made sure who asks (art. 12(6)).
    """

    class Kind(models.TextChoices):
        ACCESS = "access", _("copy of the data, art. 15")
        RECTIFICATION = "rectification", _("correction, art. 16")
        ERASURE = "erasure", _("erasure, art. 17")
        RESTRICTION = "restriction", _("restriction, art. 18")
        PORTABILITY = "portability", _("data to take along, art. 20")
        OBJECTION = "objection", _("objection, art. 21")

    class State(models.TextChoices):
        OPEN = "open", _("open")
        ANSWERED = "answered", _("answered")
        REFUSED = "refused", _("refused")
        WITHDRAWN = "withdrawn", _("withdrawn")

    class Channel(models.TextChoices):
        PORTAL = "portal", _("portal")
        EMAIL = "email", _("e-mail")
        LETTER = "letter", _("letter")
        PHONE = "phone", _("phone")
        VISIT = "visit", _("in person")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    driver = OwnedForeignKey(Driver, related_name="requests")
    kind = models.CharField(_("what is asked for"), max_length=14, choices=Kind)
    channel = models.CharField(_("how it came"), max_length=8, choices=Channel, default=Channel.PORTAL)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    text = SealedTextField(_("in the person's words"), max_length=5000, blank=True)
    identity_checked = SealedCharField(_("how the identity was checked"), max_length=300, blank=True)
    received_on = models.DateField(_("received"))
    due_on = models.DateField(_("to be answered by"))
    extended_at = models.DateTimeField(null=True)
    extension_reason = SealedTextField(_("why it takes longer"), max_length=2000, blank=True)
    closed_at = models.DateTimeField(_("answered"), null=True)
    answer = SealedTextField(_("answer"), max_length=5000, blank=True)
    entered_by_id = models.BigIntegerField(null=True)
    closed_by_id = models.BigIntegerField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [*owned("person_request", "driver")]
        indexes = [
            models.Index(fields=["operator", "due_on", "id"], name="person_request_open", condition=Q(state="open")),
            models.Index(fields=["operator", "-closed_at", "-id"], name="person_request_closed"),
            models.Index(fields=["operator", "driver", "-id"], name="person_request_of_driver"),
        ]

    @property
    def sealed_for(self) -> Person:
        """Whose key seals it."""
        return Person.of(self.driver_id, None)

    @property
    def log_name(self) -> str:
        """The request in the audit log: its number, and nothing of whoever asks."""
        return f"#{self.pk}"

    def days_left(self, today: date) -> int:
        """How many days are left to answer; negative when it is late."""
        return (self.due_on - today).days

    def __str__(self) -> str:
        return str(self.get_kind_display())


class PersonPackage(OperatorOwned, Work):
    """A copy of all that is held about a driver, made in the background; the file is sealed until it is fetched.

    request: what it answers. asked_by: the person; a plain number, as the row outlives their account.
    """

    work_kind = "person_package"

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    driver = OwnedForeignKey(Driver, related_name="packages")
    request = OwnedForeignKey(PersonRequest, related_name="packages")
    language = models.CharField(max_length=5)
    file = models.FileField(max_length=300, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.BigIntegerField(default=0)
    made_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    fetched_at = models.DateTimeField(null=True)
    requested_by_id = models.BigIntegerField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("person_package", "driver", "request", referred=False),
            models.UniqueConstraint(fields=["operator", "driver"], condition=OPEN, name="person_package_open_once"),
        ]
        indexes = [
            models.Index(fields=["operator", "id"], condition=OPEN, name="person_package_open"),
            models.Index(fields=["operator", "expires_at"], name="person_package_age", condition=~Q(file="")),
            models.Index(fields=["operator", "driver", "-id"], name="person_package_of_driver"),
        ]

    @property
    def asked_by_id(self) -> int | None:
        """Number of the person who asked for it."""
        return self.requested_by_id

    def __str__(self) -> str:
        return f"package {self.pk}"


class ProcessingLimit(OperatorOwned):
    """That a driver's data may not be used as before: kept and no more (art. 18), or not for what they object to (21).

    In force from the moment it is asked for until somebody lifts it.
    """

    class Kind(models.TextChoices):
        RESTRICTION = "restriction", _("restricted")
        OBJECTION = "objection", _("objects")

    driver = OwnedForeignKey(Driver, related_name="limits")
    request = OwnedForeignKey(PersonRequest, related_name="limits")
    kind = models.CharField(max_length=12, choices=Kind)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("processing_limit", "driver", "request", referred=False),
            models.UniqueConstraint(
                fields=["operator", "driver", "kind"], condition=Q(until=None), name="processing_limit_once"
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_kind_display())
