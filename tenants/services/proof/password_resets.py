"""New passwords for people who forgot theirs, by a link to their mailbox.

A link works for an hour, once: its token is a hash over the person's password, address and last sign-in
(Django's generator), so it ends with any of them. It sets a password and nothing more: the second factor is asked
for as ever. Every session of the person ends, as whoever knew the old password may have one.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.db import transaction
from django.utils.encoding import force_str
from django.utils.http import base36_to_int, urlsafe_base64_decode, urlsafe_base64_encode
from django.utils.timezone import now

from tenants import crypto, work
from tenants.log import sign_ins
from tenants.models import PasswordLetter, User
from tenants.services import mail
from tenants.services.mail import Letter
from tenants.services.proof import browser_sessions, profiles

LIFETIME = timedelta(hours=1)
_ASKED = "password-link"


class _Generator(PasswordResetTokenGenerator):
    key_salt = "tenants.password_reset"

    def check_token(self, user: User | None, token: str | None) -> bool:
        """Refuse what is older than an hour; Django's own limit is one for all kinds of links."""
        if not super().check_token(user, token) or token is None:
            return False
        made_s = base36_to_int(token.partition("-")[0])
        return self._num_seconds(self._now()) - made_s <= LIFETIME.total_seconds()


_links = _Generator()


def link_parts(user: User) -> tuple[str, str]:
    """Return the person's part and the token of a link."""
    return urlsafe_base64_encode(str(user.pk).encode()), _links.make_token(user)


def ask(*, email: str, address: str) -> None:
    """Have a link sent to the person with this e-mail, if there is one. The same is done whoever it is.

    address: that of the link, with a place for its parts.
    """
    sealed = urlsafe_base64_encode(crypto.encrypt(email.encode(), about=_ASKED))
    work.enqueue(PasswordLetter.objects.create(sealed_to=sealed, link=address))


def send(_operator_id: None, row: PasswordLetter, *, clock: Callable[[], datetime]) -> None:
    """Send one letter. The row goes in the transaction that records it.

    A worker that is killed in between sends it again, and the mail server's refusal is another try. A letter that
    would come an hour late is not sent: the person has asked again, or no longer waits for it.
    """
    email = crypto.decrypt(urlsafe_base64_decode(row.sealed_to), about=_ASKED).decode()
    user = User.objects.filter(email=email.lower(), is_active=True).first()
    is_wanted = user is not None and clock() - row.queued_at <= LIFETIME
    if user is not None and is_wanted:
        person, token = link_parts(user)
        mail.deliver(user, Letter.PASSWORD_LINK, link=row.link.format(person=person, token=token))
    with transaction.atomic():
        work.finish(row)
        PasswordLetter.objects.filter(pk=row.pk).delete()
        if user is not None and is_wanted:
            sign_ins.record(user, sign_ins.PASSWORD_RESET_ASKED)


def forget_letters(*, at: datetime) -> None:
    """Remove what was set aside a day ago: nobody waits for it, and it names a mailbox."""
    PasswordLetter.objects.filter(queued_at__lt=at - timedelta(days=1)).delete()


def person_of(person: str, *, token: str) -> User | None:
    """Return whose password the link sets; None when it is used, too old or not ours."""
    user = _find(person)
    return user if user is not None and _links.check_token(user, token) else None


@transaction.atomic
def use(person: str, *, token: str, password: str) -> User | None:
    """Set the password, once; None when the link has ended meanwhile. Ends every session of the person."""
    found = _find(person)
    if found is None:
        return None
    user = User.objects.select_for_update().get(pk=found.pk)
    if not _links.check_token(user, token):
        return None
    profiles.change_password(user, password=password, event=sign_ins.PASSWORD_RESET)
    user.email_proved_at = now()
    user.save(update_fields=["email_proved_at"])
    browser_sessions.end_all(user)
    mail.send(user, Letter.PASSWORD_SET)
    return user


def _find(person: str) -> User | None:
    try:
        return User.objects.filter(pk=int(force_str(urlsafe_base64_decode(person))), is_active=True).first()
    except (ValueError, OverflowError):
        return None
