"""What a person may do at an operator. The only module that talks to django-guardian.

Permissions are object permissions on the Operator, stored by guardian in `OperatorGrant`, read once
a request into a frozen set. Model-level permissions and the superuser flag open nothing here: both
would open every operator at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from django.contrib.auth.models import Permission as StoredPermission
from guardian.utils import get_user_obj_perms_model

from tenants.models import Membership, Operator, OperatorGrant, User


class Permission(StrEnum):
    """The object permissions a person can hold on an operator."""

    VIEW_OVERVIEW = "view_overview"
    VIEW_NETWORK = "view_network"
    MANAGE_NETWORK = "manage_network"
    VIEW_SESSIONS = "view_sessions"
    REVIEW_SESSIONS = "review_sessions"
    IMPORT_SESSIONS = "import_sessions"
    VIEW_DRIVERS = "view_drivers"
    MANAGE_DRIVERS = "manage_drivers"
    VIEW_TARIFFS = "view_tariffs"
    MANAGE_TARIFFS = "manage_tariffs"
    VIEW_INVOICES = "view_invoices"
    RUN_BILLING = "run_billing"
    ISSUE_INVOICES = "issue_invoices"
    EXPORT_FINANCE = "export_finance"
    VIEW_CONSENTS = "view_consents"
    VIEW_AUDIT = "view_audit"
    VIEW_PEOPLE = "view_people"
    MANAGE_PEOPLE = "manage_people"
    MANAGE_OPERATOR = "manage_operator"
    USE_DRIVER_PAGES = "use_driver_pages"


@dataclass(frozen=True, slots=True)
class Access:
    """A person's place at one operator, as one request sees it."""

    operator: Operator
    roles: frozenset[str]
    permissions: frozenset[str] = field(default_factory=frozenset)

    @property
    def is_staff(self) -> bool:
        """Whether any of the roles is a staff role, for which a second factor is required."""
        return any(role != "driver" for role in self.roles)

    def may(self, permission: Permission) -> bool:
        """Tell whether the person holds the permission here."""
        return permission.value in self.permissions


def access(user: User, *, slug: str) -> Access | None:
    """Return the person's access at the operator with this slug; None for a stranger. Two queries."""
    memberships = list(
        Membership.objects.select_related("operator").filter(user=user, operator__slug=slug, operator__is_active=True)
    )
    if not memberships:
        return None
    operator = memberships[0].operator
    granted = OperatorGrant.objects.filter(user=user, content_object=operator).values_list(
        "permission__codename", flat=True
    )
    return Access(operator, frozenset(m.role for m in memberships), frozenset(granted))


def set_grants(user: User, operator: Operator, permissions: Iterable[Permission]) -> None:
    """Make guardian's stored grants of the person at the operator exactly these."""
    wanted = {permission.value for permission in permissions}
    held = OperatorGrant.objects.filter(user=user, content_object=operator).select_related("permission")
    held.exclude(permission__codename__in=wanted).delete()
    missing = wanted - set(held.values_list("permission__codename", flat=True))
    stored = StoredPermission.objects.filter(
        content_type__app_label="tenants", content_type__model="operator", codename__in=missing
    )
    grants = get_user_obj_perms_model(Operator)
    grants.objects.bulk_create([grants(user=user, content_object=operator, permission=each) for each in stored])
