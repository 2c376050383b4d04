"""Single-use links by which people choose a password: their first, or a new one for one they forgot.

A link is a hash over the person's password, address and last sign-in (Django's generator), so it ends with any of
them. It sets a password and nothing more: the second factor is asked for as ever.
"""

from datetime import timedelta
from typing import Any

from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.db import transaction
from django.utils.encoding import force_str
from django.utils.http import base36_to_int, urlsafe_base64_decode, urlsafe_base64_encode
from django.utils.timezone import now

from tenants.log import sign_ins
from tenants.models import User
from tenants.selectors import people, platform
from tenants.services import mail
from tenants.services.mail import Letter
from tenants.services.proof import browser_sessions, profiles


class PasswordLinks(PasswordResetTokenGenerator):
    """Links of one kind: made, looked at, and used once."""

    lifetime: timedelta

    def parts(self, user: User) -> tuple[str, str]:
        """Return the person's part and the token of a link."""
        return urlsafe_base64_encode(str(user.pk).encode()), self.make_token(user)

    def person_of(self, person: str, *, token: str) -> User | None:
        """Return whose password the link sets; None when it is used, too old or not ours."""
        user = User.objects.filter(pk=_key(person), is_active=True).first()
        return user if user is not None and self.check_token(user, token) else None

    @transaction.atomic
    def use(self, person: str, *, token: str, password: str) -> User | None:
        """Set the password, once, however many send it at the same time; None when the link has ended meanwhile."""
        user = User.objects.select_for_update().filter(pk=_key(person), is_active=True).first()
        if user is None or not self.check_token(user, token):
            return None
        self._set(user, password)
        return user

    def check_token(self, user: Any, token: str | None) -> bool:
        """Refuse what is older than these links live; Django's own limit is one for all kinds."""
        if not super().check_token(user, token) or token is None:
            return False
        made_s = base36_to_int(token.partition("-")[0])
        return self._num_seconds(self._now()) - made_s <= self.lifetime.total_seconds()

    def _set(self, user: User, password: str) -> None:
        raise NotImplementedError


class FirstPasswords(PasswordLinks):
    """For somebody the command line or the platform made an account for. A link works for three days.

    Whoever is given a place at an operator is invited instead (`invitations`): no operator's people ever hold such
    a link. It works only for who has no password, and only while the person's places are those of the moment it was
    made, so that it never opens what they were given later.
    """

    key_salt = "tenants.first_password"
    lifetime = timedelta(days=3)

    def check_token(self, user: Any, token: str | None) -> bool:
        """Refuse it for a person who has a password."""
        return not user.has_usable_password() and super().check_token(user, token)

    def _make_hash_value(self, user: User, timestamp: int) -> str:
        return f"{super()._make_hash_value(user, timestamp)}{people.places(user)}{platform.is_member(user)}"

    def _set(self, user: User, password: str) -> None:
        profiles.change_password(user, password=password, event=sign_ins.PASSWORD_SET)


class NewPasswords(PasswordLinks):
    """For somebody who forgot theirs, by a letter. A link works for an hour.

    Every session of the person ends, as whoever knew the old password may have one.
    """

    key_salt = "tenants.password_reset"
    lifetime = timedelta(hours=1)

    def _set(self, user: User, password: str) -> None:
        profiles.change_password(user, password=password, event=sign_ins.PASSWORD_RESET)
        user.email_proved_at = now()
        user.save(update_fields=["email_proved_at"])
        browser_sessions.end_all(user)
        mail.send(user, Letter.PASSWORD_SET)


FIRST = FirstPasswords()
NEW = NewPasswords()


def _key(person: str) -> int:
    """The person's number; 0, which nobody has, for what cannot be read."""
    try:
        return int(force_str(urlsafe_base64_decode(person)))
    except ValueError:
        return 0
