"""Places of people at operators: given, changed, taken; the grants follow.

The membership is the truth and guardian's grants are derived from it. Two changes of one person at
once would derive from different truths, so each begins by locking the person's row. Changes of
owners lock the operator's row: two owners who remove each other must not both succeed.
"""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from tenants import permissions, roles
from tenants.errors import Refused
from tenants.models import Membership, Operator, User
from tenants.scoping import tenant_scope


class LastOwner(Refused):
    """Without an owner nobody could let anybody in any more."""

    def __init__(self) -> None:
        super().__init__(_("An operator needs an owner. Make somebody else an owner first."))


def add(user: User, *, operator: Operator, role: str) -> Membership:
    """Give the person a role at the operator. Giving it again changes nothing."""
    with tenant_scope(operator.pk):  # so that the audit entry is this operator's
        _lock(user)
        membership, _created = Membership.objects.get_or_create(user=user, operator=operator, role=role)
        sync_grants(user, operator=operator)
    return membership


@transaction.atomic
def change_role(membership: Membership, *, role: str) -> Membership:
    """Give the person this role instead of the one of the membership.

    Raises:
        LastOwner: the only owner would become something else.
        Refused: the person has the role already.
    """
    if role == membership.role:
        return membership
    _lock(membership.user)
    if Membership.objects.filter(operator=membership.operator, user=membership.user, role=role).exists():
        raise Refused(_("This person has that role already."))
    if membership.role == Membership.Role.OWNER:
        _refuse_without_other_owner(membership)
    membership.role = role
    membership.save(update_fields=["role"])
    sync_grants(membership.user, operator=membership.operator)
    return membership


@transaction.atomic
def remove(membership: Membership) -> None:
    """Take the place away; from the next request on the person is a stranger here.

    Raises:
        LastOwner: it is the only owner's.
    """
    _lock(membership.user)
    if membership.role == Membership.Role.OWNER:
        _refuse_without_other_owner(membership)
    membership.delete()
    sync_grants(membership.user, operator=membership.operator)


def sync_grants(user: User, *, operator: Operator) -> None:
    """Make the person's stored grants equal to what their roles at the operator allow."""
    with transaction.atomic():
        held = Membership.objects.filter(user=user, operator=operator)
        allowed = {permission for each in held for permission in allowed_by(each)}
        permissions.set_grants(user, operator, allowed)


def allowed_by(membership: Membership) -> frozenset[permissions.Permission]:
    """What the place allows: the role's permissions, less those of the whole operator if it is limited to sites."""
    of_role = roles.PERMISSIONS[roles.Role(membership.role)]
    return of_role & roles.AT_SITES if membership.limited_to_sites else of_role


def _lock(user: User) -> None:
    User.objects.select_for_update().only("pk").get(pk=user.pk)


def _refuse_without_other_owner(membership: Membership) -> None:
    Operator.objects.select_for_update().only("pk").get(pk=membership.operator_id)
    owners = Membership.objects.filter(operator=membership.operator, role=Membership.Role.OWNER)
    if not owners.exclude(pk=membership.pk).filter(user__is_active=True).exists():
        raise LastOwner
