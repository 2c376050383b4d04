"""A person's place at an operator, and the permissions that follow from it."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from guardian.models import UserObjectPermissionBase

from tenants.identifiers import new_public_id
from tenants.models.operator import Operator
from tenants.rls import WriteSecurity


class Membership(models.Model):
    """A role of a person at an operator; the truth from which grants are derived.

    Global, as it is read to find the operator before any scope can be opened.
    """

    class Role(models.TextChoices):
        OWNER = "owner", _("Owner")
        OPERATIONS = "operations", _("Operations")
        FINANCE = "finance", _("Finance")
        SUPPORT = "support", _("Support")
        AUDITOR = "auditor", _("Auditor")
        PRIVACY = "privacy", _("Data protection")
        DRIVER = "driver", _("Driver")
        PAYER = "payer", _("Payer")

    #: The roles of customers; the others work for the operator.
    CUSTOMERS = (Role.DRIVER, Role.PAYER)

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    operator = models.ForeignKey(Operator, models.PROTECT, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=12, choices=Role)
    # Whether the role holds at some sites only; which ones, the floor that knows sites says. None named: at none.
    limited_to_sites = models.BooleanField(_("limited to some sites"), default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    # Since when the place is what it is now: set anew with the role. Who is new is no second person (`four_eyes`).
    held_since = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        default_permissions = ()
        constraints = [
            WriteSecurity(name="membership_writes"),
            models.UniqueConstraint(fields=["operator", "user", "role"], name="membership_role_once"),
        ]

    def __str__(self) -> str:
        return f"{self.role} #{self.user_id}"  # no name: this stands in the audit log for ever


class OperatorGrant(UserObjectPermissionBase):
    """A permission of a person on an operator, as django-guardian stores it.

    Written only by `tenants.permissions.set_grants`.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="operator_grants")
    content_object = models.ForeignKey(Operator, models.CASCADE, related_name="operator_grants")

    class Meta(UserObjectPermissionBase.Meta):
        default_permissions = ()
        constraints = [WriteSecurity(name="operator_grant_writes", column="content_object_id")]
