"""Reads of what waits for a second person."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from tenants import roles
from tenants.models import Approval, AuditEntry, Membership, OperatorGrant, User
from tenants.permissions import Permission
from tenants.scoping import current_operator_id

OPEN = (Approval.State.WAITING, Approval.State.APPROVED)


def listing(
    *, action: str = "", state: str = "", since: datetime | None = None, until: datetime | None = None
) -> QuerySet[Approval]:
    """What was asked for, the newest first: one act or all, in one state or any, between two instants."""
    rows = Approval.objects.select_related("requested_by", "decided_by").order_by("-requested_at", "-pk")
    asked = {"action": action, "state": state, "requested_at__gte": since, "requested_at__lt": until}
    return rows.filter(**{name: value for name, value in asked.items() if value})


def waiting(actions: Iterable[str], *, at: datetime) -> QuerySet[Approval]:
    """What waits for a second person among these acts."""
    return listing().filter(state=Approval.State.WAITING, action__in=list(actions), expires_at__gt=at)


def open_about(action: str, subject: UUID, *, at: datetime) -> Approval | None:
    """What waits, or is approved and not carried out, about this subject."""
    return listing().filter(action=action, subject=subject, state__in=OPEN, expires_at__gt=at).first()


def holders(permission: Permission, *, but: User | None = None) -> QuerySet[User]:
    """The people who hold the permission at the current operator."""
    granted = OperatorGrant.objects.filter(
        content_object_id=current_operator_id(), permission__codename=permission.value
    )
    people = User.objects.filter(pk__in=granted.values("user"), is_active=True)
    return people.exclude(pk=but.pk) if but is not None else people


def holds(user: User, permission: Permission) -> bool:
    """Tell whether the person holds the permission at the current operator now."""
    return holders(permission).filter(pk=user.pk).exists()


def places(user: User, permission: Permission) -> QuerySet[Membership]:
    """The person's places at the current operator that give the permission."""
    giving = [role.value for role, allowed in roles.PERMISSIONS.items() if permission in allowed]
    held = Membership.objects.filter(operator_id=current_operator_id(), user=user, role__in=giving)
    return held if permission in roles.AT_SITES else held.filter(limited_to_sites=False)


def owner_left(*, since: datetime) -> bool:
    """Tell whether somebody has lost an owner's place since, by removal or by another role. The log knows."""
    return AuditEntry.objects.filter(
        content_type__app_label="tenants",
        content_type__model="membership",
        action__in=[AuditEntry.Action.UPDATE, AuditEntry.Action.DELETE],
        timestamp__gte=since,
        changes__role__0=Membership.Role.OWNER.value,
    ).exists()
