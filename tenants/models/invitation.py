"""Invitations: a place at an operator that a person may take by proving that a mailbox is theirs."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants import blind_index
from tenants.identifiers import new_public_id
from tenants.models.membership import Membership
from tenants.models.operator import Operator
from tenants.rls import WriteSecurity
from tenants.sealed_fields import Person, SealedCharField, SealedEmailField


class Invitation(models.Model):
    """One invitation, accepted once or not at all. The link's secret is kept as a hash.

    Global like the membership it becomes: its link is opened before any scope can be.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    operator = models.ForeignKey(Operator, models.PROTECT, related_name="invitations")
    email = SealedEmailField(_("e-mail"))
    # By which the address is found; the database has one that stands for each operator and role.
    email_mark = models.CharField(max_length=64, editable=False)
    name = SealedCharField(_("name"), max_length=150, blank=True)
    role = models.CharField(_("role"), max_length=12, choices=Membership.Role)
    # For role driver: whose pages the person will see.
    driver_public_id = models.UUIDField(null=True, editable=False)
    # For role payer: whose invoices.
    account_public_id = models.UUIDField(null=True, editable=False)
    # For staff limited to some sites; meaningful only if `limited_to_sites`.
    limited_to_sites = models.BooleanField(default=False)
    site_public_ids = ArrayField(models.UUIDField(), default=list, blank=True)
    secret_sha256 = models.CharField(max_length=64)
    # Whether the link went to the address and nowhere else: only then does using it prove the mailbox.
    is_mailed = models.BooleanField(default=False)
    invited_by_id = models.BigIntegerField(null=True, help_text="User who invited; kept when the user is gone.")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    accepted_by_id = models.BigIntegerField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        verbose_name = _("invitation")
        constraints = [
            WriteSecurity(name="invitation_writes"),
            models.UniqueConstraint(
                fields=["operator", "email_mark", "role"],
                condition=models.Q(accepted_at__isnull=True, withdrawn_at__isnull=True),
                name="invitation_open_once",
            ),
            models.CheckConstraint(
                condition=models.Q(accepted_at__isnull=True) | models.Q(withdrawn_at__isnull=True),
                name="invitation_one_end",
            ),
        ]

    def __str__(self) -> str:
        return f"invitation {self.pk}"  # no address: this stands in the audit log for ever

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save it, with the mark of its address."""
        names = kwargs.get("update_fields")
        if names is None or "email" in names:
            self.email_mark = self.marks(self.email, self.operator_id)[0]
        super().save(*args, **kwargs)

    @property
    def sealed_for(self) -> Person:
        """Whose texts these are: nobody's yet who has a key."""
        return Person("invitation", self.public_id.int)

    @staticmethod
    def marks(email: str, operator_id: int) -> list[str]:
        """What an address may be found by, however it is written."""
        return blind_index.marks(email.lower(), field="tenants_invitation.email", operator_id=operator_id)
