"""Visits of platform staff, as the operator's doors see them."""

from django.utils import timezone

from tenants import roles
from tenants.models import Operator, PlatformVisit, User
from tenants.permissions import Access


def access(user: User, *, slug: str) -> Access | None:
    """Return what a visitor of the platform may do at the operator now; None when no visit of theirs is open.

    Read-only, unless the visit was begun with leave to change and an owner's leave still holds.
    """
    now = timezone.now()
    visit = (
        PlatformVisit.objects.select_related("operator")
        .filter(user=user, operator__slug=slug, ended_at=None, began_at__lte=now, ends_at__gt=now)
        .filter(user__is_active=True, user__platform_member__is_active=True)
        .exclude(operator__state=Operator.State.CLOSED)
        .order_by("-began_at")
        .first()
    )
    if visit is None:
        return None
    leave = visit.operator.platform_may_change_until
    may_change = visit.may_change and leave is not None and leave > now
    allowed = roles.PLATFORM_DOES if may_change else roles.PLATFORM_SEES
    return Access(
        visit.operator,
        frozenset({roles.PLATFORM}),
        frozenset(permission.value for permission in allowed),
        is_read_only=not may_change,
        visit_ends_at=visit.ends_at,
    )
