"""Reads of what waits for a second person."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from tenants.models import Approval, OperatorGrant, User
from tenants.permissions import Permission
from tenants.scoping import current_operator_id

OPEN = (Approval.State.WAITING, Approval.State.APPROVED)


def listing() -> QuerySet[Approval]:
    """Everything that was ever asked for, the newest first."""
    return Approval.objects.select_related("requested_by", "decided_by").order_by("-requested_at", "-pk")


def waiting(actions: Iterable[str], *, at: datetime) -> QuerySet[Approval]:
    """What waits for a second person among these acts."""
    return listing().filter(state=Approval.State.WAITING, action__in=list(actions), expires_at__gt=at)


def open_about(action: str, subject: UUID, *, at: datetime) -> Approval | None:
    """What waits, or is approved and not carried out, about this subject."""
    return listing().filter(action=action, subject=subject, state__in=OPEN, expires_at__gt=at).first()


def holders(permission: Permission, *, but: User | None = None) -> QuerySet[User]:
    """The people who hold the permission at the current operator, by name."""
    granted = OperatorGrant.objects.filter(
        content_object_id=current_operator_id(), permission__codename=permission.value
    )
    people = User.objects.filter(pk__in=granted.values("user"), is_active=True).order_by("name", "email")
    return people.exclude(pk=but.pk) if but is not None else people


def holds(user: User, permission: Permission) -> bool:
    """Tell whether the person holds the permission at the current operator now."""
    return holders(permission).filter(pk=user.pk).exists()
