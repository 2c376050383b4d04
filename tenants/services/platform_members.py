"""The people who run the instance: added and taken off, by the platform's role alone.

They belong to no operator, so no operator's log can tell of it: the process's own log does, by number.
"""

import logging
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from tenants.actor import current_actor
from tenants.errors import Refused
from tenants.models import PlatformMember, User

log = logging.getLogger(__name__)


class LastPlatformMember(Refused):
    """Without anybody the platform could not be entered any more."""

    def __init__(self) -> None:
        super().__init__(_("The platform needs at least one member. Add somebody else first."))


@dataclass(frozen=True, slots=True)
class Added:
    """A member, and whether they still need a link to choose a password."""

    member: PlatformMember
    needs_password: bool


@transaction.atomic
def add(*, email: str, name: str = "") -> Added:
    """Let the person with this address run the instance; a person who is not known yet is created.

    Raises:
        Refused: they do already.
    """
    user = User.objects.filter(email=email.lower()).first()
    if user is None:
        user = User.objects.create_user(email, None, name=name)
    member, is_new = PlatformMember.objects.select_for_update().get_or_create(user=user)
    if not is_new and member.is_active:
        raise Refused(_("%(email)s is a member of the platform already.") % {"email": user.email})
    if not member.is_active:
        member.is_active = True
        member.save(update_fields=["is_active"])
    log.warning("Person %s was made a member of the platform by %s.", user.pk, _actor())
    return Added(member, needs_password=not user.has_usable_password())


@transaction.atomic
def deactivate(member: PlatformMember) -> None:
    """Take the person off; their visits end with it.

    Raises:
        LastPlatformMember: nobody else would be left.
    """
    # All rows are locked in the same order: two people who take each other off must not both succeed.
    active = list(
        PlatformMember.objects.select_for_update().filter(is_active=True, user__is_active=True).order_by("pk")
    )
    if not any(other.pk != member.pk for other in active):
        raise LastPlatformMember
    PlatformMember.objects.filter(pk=member.pk).update(is_active=False)
    log.warning("Person %s was taken off the platform by %s.", member.user_id, _actor())


def _actor() -> str:
    actor = current_actor()
    return f"person {actor.user_id}" if actor.user_id else actor.task or "nobody signed in"
