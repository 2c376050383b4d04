"""Places of people at operators: given, changed, taken; the grants follow.

The membership is the truth and guardian's grants are derived from it. Two changes of one person at
once would derive from different truths, so each begins by locking the person's row. Changes of
owners lock the operator's row: two owners who remove each other must not both succeed.

Whoever loses their last place leaves the list views they shared to the operator.

Whoever loses a place loses with it what could outlive the place: every browser session and the API keys they
made here. They sign in again to whatever they have left. And whoever loses a right, by that or by another role,
leaves no door open that only the right could open: the invitations they made that still stand are withdrawn,
and API keys of theirs that may more than they may now are revoked.
"""

from django.db import transaction
from django.utils import timezone

from tenants import permissions, roles
from tenants.errors import Code, Refused
from tenants.log import audit
from tenants.log.events import Event
from tenants.models import AccountPerson, Driver, Invitation, Membership, Operator, User
from tenants.scoping import tenant_scope
from tenants.services.people import list_views
from tenants.services.proof import api_keys, browser_sessions


class LastOwner(Refused):
    """Without an owner nobody could let anybody in any more."""

    def __init__(self) -> None:
        super().__init__(Code.LAST_OWNER)


def add(user: User, *, operator: Operator, role: str, limited_to_sites: bool = False) -> Membership:
    """Give the person a role at the operator. Giving it again changes nothing.

    limited_to_sites: the role holds at some sites only; which, the floor above says.
    """
    with tenant_scope(operator.pk):  # so that the audit entry is this operator's
        _lock(user)
        membership, _created = Membership.objects.get_or_create(
            user=user, operator=operator, role=role, defaults={"limited_to_sites": limited_to_sites}
        )
        sync_grants(user, operator=operator)
    return membership


@transaction.atomic
def change_role(membership: Membership, *, role: str, limited_to_sites: bool = False) -> Membership:
    """Give the person this role instead of the one of the membership, everywhere or at some sites only.

    Their API keys with a scope they no longer hold are revoked; the others go on (`api_keys`).

    Raises:
        LastOwner: the only owner would become something else.
        Refused: the person has the role already.
    """
    if (role, limited_to_sites) == (membership.role, membership.limited_to_sites):
        return membership
    _lock(membership.user)
    others = Membership.objects.filter(operator=membership.operator, user=membership.user).exclude(pk=membership.pk)
    if others.filter(role=role).exists():
        raise Refused(Code.HAS_ROLE)
    if membership.role == Membership.Role.OWNER:
        _refuse_without_other_owner(membership)
    membership.role, membership.limited_to_sites = role, limited_to_sites
    membership.held_since = timezone.now()
    membership.save(update_fields=["role", "limited_to_sites", "held_since"])
    sync_grants(membership.user, operator=membership.operator)
    _close_doors(membership.user, operator=membership.operator)
    return membership


@transaction.atomic
def remove(membership: Membership, *, but_session: str | None = None) -> None:
    """Take the place away; from the next request on the person is a stranger here.

    but_session: the key of the one browser session that goes on, when the person leaves by themselves.

    Raises:
        LastOwner: it is the only owner's.
    """
    _lock(membership.user)
    if membership.role == Membership.Role.OWNER:
        _refuse_without_other_owner(membership)
    if membership.role == Membership.Role.DRIVER:
        for driver in Driver.objects.filter(user=membership.user):
            driver.user = None
            driver.save(update_fields=["user"])
    if membership.role == Membership.Role.PAYER:
        for person in AccountPerson.objects.filter(user=membership.user):
            person.delete()
    membership.delete()
    if not Membership.objects.filter(user=membership.user, operator=membership.operator).exists():
        list_views.hand_over(membership.user)
    sync_grants(membership.user, operator=membership.operator)
    _close_doors(membership.user, operator=membership.operator)
    api_keys.revoke_of(membership.user)
    browser_sessions.end_all(membership.user, but=but_session)


@transaction.atomic
def leave(user: User, *, operator: Operator, but_session: str | None = None) -> None:
    """End every place of the person at the operator, as the person wishes.

    Raises:
        LastOwner: the person is the only owner.
    """
    for membership in Membership.objects.select_related("operator").filter(user=user, operator=operator):
        remove(membership, but_session=but_session)
    audit.record(Event.MEMBERSHIP_LEFT, about=user)


def sync_grants(user: User, *, operator: Operator) -> None:
    """Make the person's stored grants equal to what their roles at the operator allow."""
    with transaction.atomic():
        permissions.set_grants(user, operator, allowed_to(user, operator=operator))


def allowed_to(user: User, *, operator: Operator, but: Membership | None = None) -> frozenset[permissions.Permission]:
    """What all the person's places at the operator allow together, with or without one of them."""
    held = Membership.objects.filter(user=user, operator=operator)
    others = held.exclude(pk=but.pk) if but else held
    return frozenset(permission for each in others for permission in allowed_by(each))


def allowed_by(membership: Membership) -> frozenset[permissions.Permission]:
    """What the place allows: the role's permissions, less those of the whole operator if it is limited to sites."""
    of_role = roles.PERMISSIONS[roles.Role(membership.role)]
    return of_role & roles.AT_SITES if membership.limited_to_sites else of_role


def right_to_invite(role: str) -> permissions.Permission:
    """What somebody needs to invite to the role, and for as long as the invitation stands."""
    of_customers = {
        Membership.Role.DRIVER: permissions.Permission.MANAGE_DRIVERS,
        Membership.Role.PAYER: permissions.Permission.MANAGE_ACCOUNTS,
    }
    return of_customers.get(Membership.Role(role), permissions.Permission.MANAGE_PEOPLE)


def _close_doors(user: User, *, operator: Operator) -> None:
    """End what the person made for others and could no longer make: invitations that stand, and API keys."""
    allowed = allowed_to(user, operator=operator)
    made = Invitation.objects.select_for_update().filter(operator=operator, invited_by_id=user.pk)
    for row in made.filter(accepted_at=None, withdrawn_at=None).order_by("pk"):
        if right_to_invite(row.role) not in allowed:
            row.withdrawn_at = timezone.now()
            row.save(update_fields=["withdrawn_at"])
            audit.record(Event.INVITATION_WITHDRAWN, about=row, role=row.role)
    api_keys.revoke_of(user, beyond=allowed)


def _lock(user: User) -> None:
    User.objects.select_for_update().only("pk").get(pk=user.pk)


def _refuse_without_other_owner(membership: Membership) -> None:
    # Not FOR UPDATE: that would wait for every import, as each row it writes refers to the operator.
    Operator.objects.select_for_update(no_key=True).only("pk").get(pk=membership.operator_id)
    owners = Membership.objects.filter(operator=membership.operator, role=Membership.Role.OWNER)
    if not owners.exclude(pk=membership.pk).filter(user__is_active=True).exists():
        raise LastOwner
