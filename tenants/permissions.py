"""What a person may do at an operator. The only module that talks to django-guardian.

Permissions are object permissions on the Operator, stored by guardian in `OperatorGrant`, read once
a request into a frozen set. Model-level permissions and the superuser flag open nothing here: both
would open every operator at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from django.contrib.auth.models import Permission as StoredPermission
from guardian.utils import get_user_obj_perms_model

from tenants.models import Membership, Operator, OperatorGrant, PlatformVisit, User


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
    MANAGE_ACCOUNTS = "manage_accounts"
    VIEW_TARIFFS = "view_tariffs"
    MANAGE_TARIFFS = "manage_tariffs"
    VIEW_INVOICES = "view_invoices"
    RUN_BILLING = "run_billing"
    ISSUE_INVOICES = "issue_invoices"
    MANAGE_PAYMENTS = "manage_payments"
    EXPORT_FINANCE = "export_finance"
    VIEW_CONSENTS = "view_consents"
    VIEW_AUDIT = "view_audit"
    VIEW_PEOPLE = "view_people"
    MANAGE_PEOPLE = "manage_people"
    MANAGE_OPERATOR = "manage_operator"
    MANAGE_SECURITY = "manage_security"
    MANAGE_KEYS = "manage_keys"
    EXPORT_DRIVERS = "export_drivers"
    VIEW_APPROVALS = "view_approvals"
    VIEW_PRIVACY = "view_privacy"
    MANAGE_PRIVACY = "manage_privacy"
    USE_DRIVER_PAGES = "use_driver_pages"
    USE_PAYER_PAGES = "use_payer_pages"


@dataclass(frozen=True, slots=True)
class Access:
    """A person's place at one operator, as one request sees it.

    limited_roles: those of the roles that hold at some sites only (`roles.holds_everywhere`).
    is_read_only: nothing may be changed, whatever the permissions say.
    viewing_as: the role an owner looks through; empty for everybody else.
    visit: the open visit of a person of the platform; None for everybody else.
    elsewhere: the person's places at other operators, to switch to; nothing else of those stands here.
    """

    operator: Operator
    roles: frozenset[str]
    permissions: frozenset[str] = field(default_factory=frozenset)
    limited_roles: frozenset[str] = frozenset()
    is_read_only: bool = False
    viewing_as: str = ""
    visit: PlatformVisit | None = None
    elsewhere: tuple[Membership, ...] = ()

    @property
    def visit_ends_at(self) -> datetime | None:
        """Until when a visitor of the platform may stay; None for everybody else."""
        return self.visit.ends_at if self.visit else None

    @property
    def is_staff(self) -> bool:
        """Whether any of the roles is a staff role."""
        return bool(self.roles.difference(Membership.CUSTOMERS))

    @property
    def is_limited(self) -> bool:
        """Whether every staff role holds at some sites only, so that the person sees no others at all."""
        return bool(self.limited_roles) and self.limited_roles >= self.roles.difference(Membership.CUSTOMERS)

    @property
    def needs_factor(self) -> bool:
        """Whether the operator requires a second factor of any of the roles; the platform's visitors always do."""
        return self.visit_ends_at is not None or bool(self.roles & set(self.operator.factor_required_of))

    def may(self, permission: Permission) -> bool:
        """Tell whether the person holds the permission here."""
        return permission.value in self.permissions


def access(user: User, *, slug: str) -> Access | None:
    """Return the person's access at the operator with this slug; None for a stranger. Two queries.

    A closed operator knows nobody; a suspended one still says who its people are.
    """
    everywhere = list(
        Membership.objects.select_related("operator")
        .filter(user=user)
        .exclude(operator__state=Operator.State.CLOSED)
        .order_by("operator__name", "role")
    )
    memberships = [membership for membership in everywhere if membership.operator.slug == slug]
    if not memberships:
        return None
    operator = memberships[0].operator
    granted = OperatorGrant.objects.filter(user=user, content_object=operator).values_list(
        "permission__codename", flat=True
    )
    return Access(
        operator,
        frozenset(m.role for m in memberships),
        frozenset(granted),
        limited_roles=frozenset(m.role for m in memberships if m.limited_to_sites),
        elsewhere=tuple(m for m in everywhere if m.operator_id != operator.pk),
    )


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
