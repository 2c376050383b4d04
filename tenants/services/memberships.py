"""Places of people at operators: given, changed, taken; the grants follow."""

from django.db import transaction

from tenants import permissions, roles
from tenants.models import Membership, Operator, User
from tenants.scoping import tenant_scope


def add(user: User, *, operator: Operator, role: str) -> Membership:
    """Give the person a role at the operator. Giving it again changes nothing."""
    with tenant_scope(operator.pk):  # so that the audit entry is this operator's
        membership, _ = Membership.objects.get_or_create(user=user, operator=operator, role=role)
        sync_grants(user, operator=operator)
    return membership


def sync_grants(user: User, *, operator: Operator) -> None:
    """Make the person's stored grants equal to what their roles at the operator allow."""
    with transaction.atomic():
        held = Membership.objects.filter(user=user, operator=operator).values_list("role", flat=True)
        allowed = {permission for role in held for permission in roles.PERMISSIONS[roles.Role(role)]}
        permissions.set_grants(user, operator, allowed)
