"""What a file or a person says of a session that is stored otherwise, and what became of it."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from charging.models.file_import import FileImport
from charging.models.session import ChargingSession
from charging.site_scope import SiteBound
from tenants.identifiers import new_public_id
from tenants.rls import owned
from tenants.scoping import OwnedForeignKey


class Correction(SiteBound):
    """One saying about a session: open until somebody takes it over or keeps what is stored.

    said: facts by their names, as `charging.domain.corrections` reads them. before: what stood there when they were
    taken over, so that the first value of a fact is never lost. A session that was ever on an invoice keeps its facts
    for good: `replaced_by` is the one that is billed in its place.
    """

    seen_through = "session"

    class State(models.TextChoices):
        OPEN = "open", _("open")
        TAKEN_OVER = "taken_over", _("taken over")
        KEPT = "kept", _("not taken over")

    # The references prove the operator (see `SameOperatorInBulk`).
    operator = models.ForeignKey(
        "tenants.Operator", models.PROTECT, related_name="+", editable=False, db_index=False, db_constraint=False
    )
    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    session = OwnedForeignKey(ChargingSession, related_name="corrections")
    # Where it was said; null: by a person.
    file_import = OwnedForeignKey(FileImport, null=True, related_name="corrections")
    line_number = models.BigIntegerField(null=True)
    said = models.JSONField()
    before = models.JSONField(null=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    replaced_by = OwnedForeignKey(ChargingSession, null=True, related_name="replaces")
    created_at = models.DateTimeField(auto_now_add=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("correction", "session", "file_import", "replaced_by", bulk=True, referred=False),
            models.CheckConstraint(
                condition=Q(state="open") | Q(settled_at__isnull=False), name="correction_settled_has_time"
            ),
        ]
        indexes = [
            models.Index(fields=["operator", "session", "id"], name="correction_of_session"),
            models.Index(fields=["operator", "-id"], name="correction_open", condition=Q(state="open")),
            models.Index(
                fields=["operator", "file_import"],
                name="correction_of_file",
                condition=Q(file_import__isnull=False),
            ),
            models.Index(
                fields=["operator", "replaced_by"],
                name="correction_replacement",
                condition=Q(replaced_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.session_id}: {self.state}"
