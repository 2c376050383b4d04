"""A person's new e-mail address, once both mailboxes are proved to be theirs.

A letter to the present mailbox asks whether they agree; its link sends one to the new mailbox; that link changes the
address. So neither who sits at somebody's open browser, nor who mistypes, takes an account along. What a link says is
sealed in it (`tenants.crypto`), so nothing is kept about an address before it is proved; it ends after an hour, and
with any change of password or address. Who has lost the present mailbox is helped by the operator, who can make sure
who asks.
"""

import json
import time
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from tenants import crypto
from tenants.conflicts import refused_as
from tenants.errors import Code, Refused
from tenants.log import sign_ins
from tenants.models import Driver, Membership, Operator, User
from tenants.scoping import tenant_scope
from tenants.services import mail
from tenants.services.mail import Letter
from tenants.services.people import drivers
from tenants.services.proof import browser_sessions

LIFETIME_S = 60 * 60


class Stage(StrEnum):
    """Which mailbox a link proves."""

    AGREE = "agree"
    PROVE = "prove"


@dataclass(frozen=True, slots=True)
class Change:
    """What a link is about."""

    user: User
    email: str


def ask(user: User, email: str, *, address: str) -> None:
    """Ask the present mailbox whether the person agrees. address: that of the link, with a place for its `token`.

    Raises:
        Refused: it is their address already.
    """
    if email.lower() == user.email:
        raise Refused(Code.EMAIL_IS_YOURS)
    link = address.format(token=_token(Change(user, email.lower()), Stage.AGREE))
    mail.send(user, Letter.EMAIL_CHANGE_ASKED, email=email.lower(), link=link)


def change_of_link(token: str, stage: Stage) -> Change | None:
    """What the link is about; None when it is used, too old or not ours."""
    try:
        said = json.loads(crypto.decrypt(urlsafe_base64_decode(token), about=_about(stage)))
    except (ValueError, crypto.Unreadable):
        return None
    user = User.objects.filter(pk=said["user"], is_active=True).first()
    is_young = 0 <= time.time() - said["made"] <= LIFETIME_S
    if user is None or not is_young or not constant_time_compare(said["state"], _state(user)):
        return None
    return Change(user, said["email"])


def agree(change: Change, *, address: str) -> None:
    """The present mailbox agrees: ask the new one. address: as of `ask`."""
    link = address.format(token=_token(change, Stage.PROVE))
    mail.send(change.user, Letter.EMAIL_CHANGE_PROVED, mailbox=change.email, link=link)


@transaction.atomic
def use(change: Change, *, at: datetime) -> User:
    """Change the address, and sign the person out everywhere. The operators where they drive write to it from now on.

    Raises:
        Refused: the address has an account by now, or the link has ended meanwhile.
    """
    user = User.objects.select_for_update().get(pk=change.user.pk)
    before = user.email
    if _state(user) != _state(change.user):
        raise Refused(Code.LINK_ENDED)
    # Looked up as well, as the constraint knows marks of the newest key alone.
    if User.objects.filter(email=change.email).exclude(pk=user.pk).exists():
        raise Refused(Code.ACCOUNT_EXISTS, email=change.email)
    user.email, user.email_proved_at = change.email, at
    with refused_as(Refused(Code.ACCOUNT_EXISTS, email=change.email), constraint="user_email_once"):
        user.save(update_fields=["email", "email_proved_at"])
    sign_ins.record(user, sign_ins.EMAIL_CHANGED)
    browser_sessions.end_all(user)
    for place in Membership.objects.filter(user=user, role=Membership.Role.DRIVER).select_related("operator"):
        _tell(user, place.operator, before=before)
    mail.send(user, Letter.EMAIL_CHANGED, mailbox=before)
    return user


def _tell(user: User, operator: Operator, *, before: str) -> None:
    """Let the operator write to the new address, where it wrote to the old one."""
    with tenant_scope(operator.pk):
        driver = Driver.objects.select_related("identity").filter(user=user).first()
        if driver is not None and driver.identity and driver.identity.email.lower() == before:
            drivers.change_identity(driver, email=user.email)


def _token(change: Change, stage: Stage) -> str:
    said = {"user": change.user.pk, "email": change.email, "made": int(time.time()), "state": _state(change.user)}
    return urlsafe_base64_encode(crypto.encrypt(json.dumps(said).encode(), about=_about(stage)))


def _state(user: User) -> str:
    return salted_hmac("tenants.email_change", f"{user.email} {user.password}").hexdigest()


def _about(stage: Stage) -> str:
    return f"email-change:{stage}"
