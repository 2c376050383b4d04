"""Four eyes: acts that wait for a second person."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tenants.identifiers import new_public_id
from tenants.rls import owned
from tenants.scoping import OperatorOwned


class Approval(OperatorOwned):
    """One act that one person asked for and another decides about.

    The act is described by `action`, the public id of its subject and `facts` (what exactly was asked for:
    dates, counts, sums, hashes); what is carried out must be exactly that. An act without a row of its own
    has whoever asks as its subject. Which acts there are, the floors register that do them, and how a row is
    written: `tenants.services.four_eyes`.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting for a second person")
        APPROVED = "approved", _("approved")
        REFUSED = "refused", _("refused")
        WITHDRAWN = "withdrawn", _("withdrawn")
        USED = "used", _("carried out")
        OUTDATED = "outdated", _("no longer valid")
        EXPIRED = "expired", _("expired")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    action = models.CharField(_("act"), max_length=30)
    subject = models.UUIDField(_("subject"))
    facts = models.JSONField(default=dict)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(_("asked"))
    expires_at = models.DateTimeField()
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(_("decided"), null=True)
    note = models.CharField(_("note"), max_length=300, blank=True)

    class Meta:
        default_permissions = ()
        verbose_name = _("approval")
        constraints = [
            *owned("approval"),
            models.UniqueConstraint(
                fields=["operator", "action", "subject"],
                condition=Q(state__in=["waiting", "approved"]),
                name="approval_open_once",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "used"])
                | (Q(decided_by__isnull=False) & ~Q(decided_by=F("requested_by"))),
                name="approval_by_a_second_person",
            ),
        ]
        indexes = [models.Index(fields=["operator", "-requested_at"], name="approval_newest")]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"
