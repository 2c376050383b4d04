"""Visits of platform staff, as the operator's doors see them."""

from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from tenants import roles
from tenants.models import Operator, PlatformVisit, User
from tenants.permissions import Access


def running(*, at: datetime) -> QuerySet[PlatformVisit]:
    """The visits that are open at this moment, by people who may still visit, with their operators."""
    return (
        PlatformVisit.objects.select_related("operator")
        .filter(_open(at), user__is_active=True, user__platform_member__is_active=True)
        .exclude(operator__state=Operator.State.CLOSED)
        .order_by("-began_at")
    )


def of_operator(operator: Operator) -> QuerySet[PlatformVisit]:
    """All visits of the operator, newest first."""
    return PlatformVisit.objects.filter(operator=operator).order_by("-began_at", "-pk")


def access(user: User, *, slug: str) -> Access | None:
    """Return what a visitor of the platform may do at the operator now; None when no visit of theirs is open.

    Read-only, unless the visit was begun with leave to change and an owner's leave still holds.
    """
    now = timezone.now()
    visit = running(at=now).filter(user=user, operator__slug=slug).first()
    if visit is None:
        return None
    may_change = visit.may_change and may_be_changed(visit.operator, at=now)
    allowed = roles.PLATFORM_DOES if may_change else roles.PLATFORM_SEES
    return Access(
        visit.operator,
        frozenset({roles.PLATFORM}),
        frozenset(permission.value for permission in allowed),
        is_read_only=not may_change,
        visit=visit,
    )


def may_be_changed(operator: Operator, *, at: datetime) -> bool:
    """Whether an owner's leave for the platform's staff to change something holds."""
    leave = operator.platform_may_change_until
    return leave is not None and leave > at


def _open(at: datetime) -> Q:
    return Q(ended_at=None, began_at__lte=at, ends_at__gt=at)
