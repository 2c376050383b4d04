"""Places of people at an operator together with the sites they hold at.

The floor below knows people and their roles but no sites. Doors call these, so that a place and its sites are
given, changed and taken in one act.
"""

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction

from charging.selectors import site_memberships, sites
from charging.services import site_access
from tenants.models import Invitation, Membership, Operator, User
from tenants.scoping import tenant_scope
from tenants.services.people import invitations, memberships


def accept(invitation: Invitation, *, user: User) -> Membership:
    """Give the person what the invitation offers. Raises as `invitations.accept`."""
    with tenant_scope(invitation.operator_id):
        membership = invitations.accept(invitation, user=user)
        _give_sites(invitation, user)
    return membership


def accept_as_new(invitation: Invitation, *, name: str, password: str, language: str = "") -> Membership:
    """Give what the invitation offers to a person who gets an account by it. Raises as `invitations.accept_as_new`."""
    with tenant_scope(invitation.operator_id):
        membership = invitations.accept_as_new(invitation, name=name, password=password, language=language)
        _give_sites(invitation, membership.user)
    return membership


@transaction.atomic
def change(place: Membership, *, role: str, site_public_ids: Iterable[UUID] | None = None) -> Membership:
    """Give the person this role instead, at these sites only or (None) everywhere.

    Raises:
        LastOwner: the only owner would become something else.
        Refused: the person has the role already, or it cannot be limited to sites.
    """
    invitations.check_limit(role, is_limited=site_public_ids is not None)
    place = memberships.change_role(place, role=role, limited_to_sites=site_public_ids is not None)
    if site_public_ids is not None:
        site_access.give(place.user, site_public_ids=site_public_ids)
    else:
        _tidy(place.user, place.operator)
    return place


@transaction.atomic
def remove(place: Membership) -> None:
    """Take the place away, with its sites. Raises as `memberships.remove`."""
    memberships.remove(place)
    _tidy(place.user, place.operator)


def leave(user: User, *, operator: Operator, but_session: str | None = None) -> None:
    """End every place of the person at the operator, as they wish. Raises as `memberships.leave`."""
    with tenant_scope(operator.pk):
        memberships.leave(user, operator=operator, but_session=but_session)
        _tidy(user, operator)


def _give_sites(invitation: Invitation, user: User) -> None:
    """Give the sites of the invitation besides those of another limited place: sites are a person's, not a role's."""
    if invitation.limited_to_sites:
        named = site_memberships.named(invitation.site_public_ids)  # one may have been removed since
        known = [*named, *sites.of(user)]
        site_access.give(user, site_public_ids=[site.public_id for site in known])


def _tidy(user: User, operator: Operator) -> None:
    """Forget the person's sites once no place of theirs is limited to any."""
    if not Membership.objects.filter(user=user, operator=operator, limited_to_sites=True).exists():
        site_access.give(user, site_public_ids=[])
