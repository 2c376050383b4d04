"""The people who run the instance: added and taken off, by the platform's role alone.

They belong to no operator, so no operator's log can tell of it: the platform's own log does.

Anybody can have made an account with an address that is not theirs, where invitations are handed over by hand.
So an account that is there already is never taken silently. Where the installation sends mail, the mailbox must
have been proved; where it does not, nothing can prove it, and whoever adds looks at the account and means this one.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from tenants.actor import current_actor
from tenants.errors import Code, Refused
from tenants.models import Membership, PlatformEvent, PlatformMember, User
from tenants.services import mail

log = logging.getLogger(__name__)
ADDED, TAKEN_OFF = "platform_member.added", "platform_member.taken_off"


class LastPlatformMember(Refused):
    """Without anybody the platform could not be entered any more."""

    def __init__(self) -> None:
        super().__init__(Code.LAST_PLATFORM_MEMBER)


@dataclass(frozen=True, slots=True)
class Account:
    """What is to be looked at before an account that exists gets the platform."""

    public_id: UUID
    name: str
    email: str
    created_at: datetime
    last_login: datetime | None
    places: int
    proved_at: datetime | None


class AccountExists(Refused):
    """The address has an account. Whoever adds must have looked at it, and say that they mean it."""

    def __init__(self, account: Account) -> None:
        super().__init__(Code.ACCOUNT_EXISTS, email=account.email)
        self.account = account


class NotProved(Refused):
    """Nobody has shown yet that the account's mailbox is theirs."""

    def __init__(self, user: User) -> None:
        super().__init__(Code.MAILBOX_NOT_PROVED, email=user.email)


@dataclass(frozen=True, slots=True)
class Added:
    """A member, and whether they still need a link to choose a password."""

    member: PlatformMember
    needs_password: bool


@transaction.atomic
def add(*, email: str, name: str = "", meant: UUID | None = None) -> Added:
    """Let the person with this address run the instance; a person who is not known yet is created.

    meant: the account that whoever adds has looked at, when there is one.

    Raises:
        AccountExists: the address has an account, and it is not the one that was meant.
        NotProved: the account has a password and an unproved address, where the installation sends mail.
        Refused: they run it already.
    """
    user = User.objects.filter(email=email.lower()).first()
    if user is None:
        user = User.objects.create_user(email, None, name=name)
    else:
        _check_account(user, meant)
    member, is_new = PlatformMember.objects.select_for_update().get_or_create(user=user)
    if not is_new and member.is_active:
        raise _is_member(user)
    if not member.is_active:
        member.is_active = True
        member.save(update_fields=["is_active"])
    PlatformEvent.objects.create(user=user, event=ADDED)
    log.warning("Person %s was made a member of the platform by %s.", user.pk, _actor())
    return Added(member, needs_password=not user.has_usable_password())


def _is_member(user: User) -> Refused:
    return Refused(Code.ALREADY_PLATFORM_MEMBER, email=user.email)


def _check_account(user: User, meant: UUID | None) -> None:
    if PlatformMember.objects.filter(user=user, is_active=True).exists():
        raise _is_member(user)
    if mail.can_send() and user.has_usable_password() and user.email_proved_at is None:
        raise NotProved(user)
    if meant != user.public_id:
        raise AccountExists(account(user))


def account(user: User) -> Account:
    """Return what tells the person's account from one that somebody else made with their address."""
    return Account(
        public_id=user.public_id,
        name=user.name,
        email=user.email,
        created_at=user.created_at,
        last_login=user.last_login,
        places=Membership.objects.filter(user=user).values("operator").distinct().count(),
        proved_at=user.email_proved_at,
    )


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
    PlatformEvent.objects.create(user_id=member.user_id, event=TAKEN_OFF)
    log.warning("Person %s was taken off the platform by %s.", member.user_id, _actor())


def _actor() -> str:
    actor = current_actor()
    return f"person {actor.user_id}" if actor.user_id else actor.task or "nobody signed in"
