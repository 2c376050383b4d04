"""Refusals that an operator should know of: strangers at its doors, and members where they have no right.

Written in a scope of their own, before the refusal is raised: a refusal rolls back what its page wrote.
"""

from tenants import audit
from tenants.actor import acting_more
from tenants.models import Operator, User
from tenants.permissions import Access, Permission
from tenants.scoping import tenant_scope

STRANGER = "access.stranger"
REFUSED = "access.refused"


def stranger(user: User, *, slug: str) -> None:
    """Record that somebody without a place tried the operator's address. Nothing if there is no such operator."""
    operator = Operator.objects.filter(slug=slug).exclude(state=Operator.State.CLOSED).first()
    if operator is not None and user.is_authenticated:
        with tenant_scope(operator.pk):
            audit.record(STRANGER)


def refused(access: Access, permission: Permission | None, *, reason: str = "") -> None:
    """Record that a person of the operator tried what they may not."""
    with (
        acting_more(is_platform=access.visit_ends_at is not None, viewing_as=access.viewing_as),
        tenant_scope(access.operator.pk),
    ):
        audit.record(REFUSED, permission=permission.value if permission else "", reason=reason)
