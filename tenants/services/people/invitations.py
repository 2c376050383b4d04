"""Invitations: how a person gets a place at an operator.

A link with 256 random bits goes to an address; the database keeps their SHA-256. Whoever opens it either
has an account with that address, and accepts signed in as exactly that person, or has none and makes one.
So an invitation never opens an account: not the one of whoever was invited before under another role, nor
one that another operator uses. It works once, for a week, until it is withdrawn or a new one replaces it, and
for as long as whoever made it may invite to that role.

Where the installation has a mail server the link is mailed and shown to nobody; using it then proves
that the mailbox is theirs. Without one, whoever invites hands it over, and it proves nothing.
"""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from tenants import roles
from tenants.actor import acting_as
from tenants.errors import Code, Refused
from tenants.log import audit, sign_ins
from tenants.log.events import Event
from tenants.models import Account, AccountPerson, Driver, Invitation, Membership, Operator, PlatformMember, User
from tenants.scoping import tenant_scope
from tenants.sealed_fields import Sealed
from tenants.selectors import invitations, platform
from tenants.services import mail, person_keys
from tenants.services.people import accounts, drivers, memberships

LIFETIME = timedelta(days=7)


class Ended(Refused):
    """The link opens nothing: used, withdrawn, replaced, too old or never ours. Which, nobody is told."""

    def __init__(self) -> None:
        super().__init__(Code.LINK_ENDED)


class RunsTheInstance(Refused):
    """Whoever runs the instance is at an operator on a visit, which its owners see and end."""

    def __init__(self) -> None:
        super().__init__(Code.RUNS_THE_INSTANCE)


class HasAccount(Refused):
    """The invited address has an account, which an invitation never opens."""

    def __init__(self) -> None:
        super().__init__(Code.SIGN_IN_TO_ACCEPT)


@dataclass(frozen=True, slots=True)
class Made:
    """An invitation with the secret of its link, which exists nowhere else."""

    invitation: Invitation
    secret: str


def invite(
    operator: Operator,
    *,
    email: str,
    role: str,
    name: str = "",
    site_public_ids: Iterable[UUID] | None = None,
    by: User | None = None,
    to_be_mailed: bool | None = None,
) -> Made:
    """Invite the address to a role of the staff. An invitation to the same role that stands is replaced.

    site_public_ids: the only sites the role will hold at; None for all of them.
    to_be_mailed: whether the caller mails the link and shows it to nobody; None: if there is a mail server.

    Raises:
        RunsTheInstance: the address is a platform member's.
        Refused: the person has the role already, or the role cannot be limited to sites.
    """
    if role not in roles.STAFF:
        raise Refused(Code.DRIVER_AMONG_STAFF)
    if PlatformMember.objects.filter(user__email=email.lower(), is_active=True).exists():
        raise RunsTheInstance
    check_limit(role, is_limited=site_public_ids is not None)
    holders = Membership.objects.filter(operator=operator, user__email=email.lower(), role=role)
    if holders.exists():
        raise Refused(Code.HAS_ROLE)
    sites = None if site_public_ids is None else list(site_public_ids)
    draft = Invitation(role=role, name=name, limited_to_sites=sites is not None, site_public_ids=sites or [])
    return _make(operator, draft, email=email, by=by, to_be_mailed=to_be_mailed)


def invite_owner(operator: Operator, *, email: str, by: User) -> Made:
    """Invite an owner as the platform: only where no owner is left, who would invite others themselves.

    Raises:
        Refused: an owner is there, or as `invite` says.
    """
    if _has_owner(operator):
        raise Refused(Code.OPERATOR_HAS_OWNER, operator=operator.name)
    return invite(operator, email=email, role=Membership.Role.OWNER, by=by)


def invite_driver(driver: Driver, *, by: User | None = None) -> Made:
    """Invite the address of the driver to see the driver's own pages.

    Raises:
        Refused: the driver has no address, or somebody sees these pages already.
    """
    email = driver.identity.email if driver.identity else ""
    if not email:
        raise Refused(Code.DRIVER_WITHOUT_ADDRESS)
    if driver.user_id is not None:
        raise Refused(Code.DRIVER_SIGNS_IN)
    draft = Invitation(role=Membership.Role.DRIVER, name=driver.identity.name[:150], driver_public_id=driver.public_id)
    operator = Operator.objects.get(pk=driver.operator_id)
    with tenant_scope(operator.pk):
        before = invitations.of_driver(operator, driver.public_id)
        if before is not None and before.email != email.lower():
            withdraw(before)  # the driver's address has changed since
        made = _make(operator, draft, email=email, by=by)
    audit.record(Event.DRIVER_INVITED, about=driver)
    return made


def invite_payer(account: Account, *, email: str, name: str = "", by: User | None = None) -> Made:
    """Invite the address to see what the account is billed. An invitation to it that stands is replaced.

    Raises:
        Refused: the person sees the pages of this or another account already.
    """
    if AccountPerson.objects.filter(user__email=email.lower()).exists():
        raise Refused(Code.HAS_ROLE)
    draft = Invitation(role=Membership.Role.PAYER, name=name[:150], account_public_id=account.public_id)
    return _make(Operator.objects.get(pk=account.operator_id), draft, email=email, by=by)


def renew(invitation: Invitation, *, by: User | None = None) -> Made:
    """Give the invitation a new link and a new week; the old link ends.

    Raises:
        Refused: it was accepted or withdrawn.
    """
    with tenant_scope(invitation.operator_id):
        row = _locked(invitation)
        return _with_new_secret(row, by=by, to_be_mailed=None)


def withdraw(invitation: Invitation) -> None:
    """End the invitation before anybody accepts it.

    Raises:
        Refused: it was accepted or withdrawn.
    """
    with tenant_scope(invitation.operator_id):
        row = _locked(invitation)
        row.withdrawn_at = timezone.now()
        row.save(update_fields=["withdrawn_at"])
        audit.record(Event.INVITATION_WITHDRAWN, about=row, role=row.role)


def seal_again(invitation: Invitation) -> bool:
    """Seal the address and name with the instance's newest key; tell whether there was anything to do.

    Raises:
        Unreadable: they open with no listed key; they are left as they are.
    """
    sealed = Invitation.objects.filter(pk=invitation.pk).values_list("email", flat=True).first()
    if not isinstance(sealed, Sealed) or person_keys.is_current(sealed):
        return False
    with tenant_scope(invitation.operator_id):
        row = Invitation.objects.select_for_update().filter(pk=invitation.pk).first()
        if row is None:
            return False
        row.email, row.name = row.email, row.name
        row.save(update_fields=["email", "email_mark", "name"])
    return True


def opened(public_id: UUID, *, secret: str) -> Invitation:
    """Return the invitation that the link opens.

    Raises:
        Ended: it opens none.
    """
    found = invitations.acceptable().filter(public_id=public_id).first()
    if found is None or not constant_time_compare(found.secret_sha256, fingerprint(secret)):
        raise Ended
    if not _may_be_meant(found):
        raise Ended
    return found


def account_of(invitation: Invitation) -> User | None:
    """Return who has the invited address."""
    return User.objects.filter(email=invitation.email).first()


def accept(invitation: Invitation, *, user: User) -> Membership:
    """Give the person the place. Of several attempts at once exactly one does: the row's lock decides.

    The secret was checked by `opened`; what changed since is checked here again.

    Raises:
        Ended: the invitation opens nothing any more.
        RunsTheInstance: the person runs the instance, and the invitation is to the staff.
        Refused: it is for another address, or the person is another driver of the operator.
    """
    with tenant_scope(invitation.operator_id):
        row = _taken(invitation)
        if user.email.lower() != row.email:
            raise Refused(Code.INVITATION_OF_ANOTHER)
        return _give_place(row, user)


def accept_as_new(invitation: Invitation, *, name: str, password: str, language: str = "") -> Membership:
    """Make an account for the invited address and give it the place.

    Raises:
        Ended: the invitation opens nothing any more.
        HasAccount: the address has one.
    """
    with tenant_scope(invitation.operator_id):
        row = _taken(invitation)
        user = _new_account(row, name=name, password=password, language=language or row.operator.language)
        with acting_as(user):
            membership = _give_place(row, user)
            sign_ins.record(user, sign_ins.PASSWORD_SET)
        return membership


def _new_account(row: Invitation, *, name: str, password: str, language: str) -> User:
    """Make the account. The password is hashed whether or not there is one: the answer takes as long.

    Who is there is looked up first, as the constraint knows marks of the newest key alone.
    """
    if User.objects.filter(email=row.email).exists():
        make_password(password)
        raise HasAccount
    try:
        with transaction.atomic():
            return User.objects.create_user(row.email, password, name=name, language=language)
    except IntegrityError as error:
        raise HasAccount from error


def check_limit(role: str, *, is_limited: bool) -> None:
    """Refuse to limit a role to some sites that concerns the whole operator."""
    if is_limited and role not in roles.LIMITABLE:
        raise Refused(Code.ROLE_WITHOUT_SITES, roles=sorted(roles.LIMITABLE))


def fingerprint(secret: str) -> str:
    """Return what is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _make(
    operator: Operator, draft: Invitation, *, email: str, by: User | None, to_be_mailed: bool | None = None
) -> Made:
    with tenant_scope(operator.pk):
        # One at a time, so that two of them do not both find no invitation to replace.
        Operator.objects.select_for_update(no_key=True).only("pk").get(pk=operator.pk)
        standing = Invitation.objects.filter(
            operator=operator,
            email_mark__in=Invitation.marks(email, operator.pk),
            role=draft.role,
            accepted_at=None,
            withdrawn_at=None,
        ).first()
        if standing is not None:
            draft.pk, draft.public_id, draft.created_at = standing.pk, standing.public_id, standing.created_at
            draft._state.adding = False
        draft.operator, draft.email = operator, email.lower()
        return _with_new_secret(draft, by=by, to_be_mailed=to_be_mailed)


def _with_new_secret(draft: Invitation, *, by: User | None, to_be_mailed: bool | None) -> Made:
    secret = secrets.token_urlsafe(32)
    draft.secret_sha256 = fingerprint(secret)
    draft.is_mailed = mail.can_send() if to_be_mailed is None else to_be_mailed
    draft.invited_by_id = by.pk if by else None
    draft.expires_at = timezone.now() + LIFETIME
    draft.save()
    audit.record(Event.INVITATION_MADE, about=draft, role=draft.role, mailed=draft.is_mailed, **_sites(draft))
    return Made(draft, secret)


def _locked(invitation: Invitation) -> Invitation:
    row = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if row.accepted_at is not None:
        raise Refused(Code.INVITATION_ACCEPTED)
    if row.withdrawn_at is not None:
        raise Refused(Code.INVITATION_WITHDRAWN)
    return row


def _taken(invitation: Invitation) -> Invitation:
    """Lock the invitation as it was opened. Whoever comes second waits here and then finds it ended."""
    row = (
        invitations.acceptable()
        .select_for_update(of=("self",))
        .filter(pk=invitation.pk, secret_sha256=invitation.secret_sha256)
        .first()
    )
    if row is None or not _may_be_meant(row):
        raise Ended
    return row


def _may_be_meant(row: Invitation) -> bool:
    """Whether who made the invitation could make it today. One without a maker is from a command on the machine."""
    if row.invited_by_id is None:
        return True
    maker = User.objects.filter(pk=row.invited_by_id, is_active=True).first()
    if maker is None:
        return False
    allowed = memberships.allowed_to(maker, operator=row.operator)
    return memberships.right_to_invite(row.role) in allowed or platform.is_member(maker)


@transaction.atomic
def _give_place(row: Invitation, user: User) -> Membership:
    if row.role in roles.STAFF and PlatformMember.objects.filter(user=user, is_active=True).exists():
        raise RunsTheInstance
    if row.role == Membership.Role.OWNER and _is_platforms(row) and _has_owner(row.operator):
        raise Ended  # the platform lets in an owner only where there is none
    if row.role == Membership.Role.DRIVER:
        membership = _give_driver(row, user)
    elif row.role == Membership.Role.PAYER:
        membership = _give_account(row, user)
    else:
        membership = memberships.add(user, operator=row.operator, role=row.role, limited_to_sites=row.limited_to_sites)
    row.accepted_at, row.accepted_by_id = timezone.now(), user.pk
    row.save(update_fields=["accepted_at", "accepted_by_id"])
    if row.is_mailed:
        user.email_proved_at = row.accepted_at
        user.save(update_fields=["email_proved_at"])
    audit.record(Event.INVITATION_ACCEPTED, about=row, role=row.role, **_sites(row))
    return membership


def _has_owner(operator: Operator) -> bool:
    owners = Membership.objects.filter(operator=operator, role=Membership.Role.OWNER)
    return owners.filter(user__is_active=True).exists()


def _is_platforms(row: Invitation) -> bool:
    """Whether the platform made the invitation, and not one of the operator's own people."""
    maker = row.invited_by_id
    if maker is None or Membership.objects.filter(operator=row.operator, user_id=maker).exists():
        return False
    return PlatformMember.objects.filter(user_id=maker).exists()


def _give_driver(row: Invitation, user: User) -> Membership:
    if row.driver_public_id is None:
        raise Ended
    driver = Driver.objects.select_for_update().filter(public_id=row.driver_public_id).first()
    if driver is None or driver.user_id is not None or _address_of(driver) != row.email:
        raise Ended
    if Driver.objects.filter(user=user).exists():
        raise Refused(Code.ANOTHER_DRIVER)
    drivers.link_user(driver, user=user)
    return Membership.objects.get(user=user, operator=row.operator, role=Membership.Role.DRIVER)


def _give_account(row: Invitation, user: User) -> Membership:
    if row.account_public_id is None:
        raise Ended
    account = Account.objects.filter(public_id=row.account_public_id, is_active=True).first()
    if account is None:
        raise Ended
    accounts.let_see(account, user=user)
    return Membership.objects.get(user=user, operator=row.operator, role=Membership.Role.PAYER)


def _address_of(driver: Driver) -> str:
    return driver.identity.email.lower() if driver.identity else ""


def _sites(row: Invitation) -> dict[str, int]:
    return {"sites": len(row.site_public_ids)} if row.limited_to_sites else {}
