"""Single-use links by which somebody the command line made an account for chooses their first password.

Whoever is given a place at an operator is invited instead (`invitations`): no operator's people ever hold such
a link. It works for three days (`PASSWORD_RESET_TIMEOUT`), until a password is set, and only while the
person's places are those of the moment it was made, so that it never opens what they were given later.
"""

from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.utils.encoding import force_str
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from tenants.models import User
from tenants.selectors import people, platform


class _Generator(PasswordResetTokenGenerator):
    key_salt = "tenants.first_password"

    def _make_hash_value(self, user: User, timestamp: int) -> str:
        return f"{super()._make_hash_value(user, timestamp)}{people.places(user)}{platform.is_member(user)}"


_links = _Generator()


def link_parts(user: User) -> tuple[str, str]:
    """Return the person's part and the token of a link for a person without a password."""
    return urlsafe_base64_encode(str(user.pk).encode()), _links.make_token(user)


def user_of_link(person: str, *, token: str) -> User | None:
    """Return whose first password the link sets; None when it is spent, too old or not ours."""
    try:
        user = User.objects.filter(pk=int(force_str(urlsafe_base64_decode(person))), is_active=True).first()
    except (ValueError, OverflowError):
        return None
    if user is None or user.has_usable_password() or not _links.check_token(user, token):
        return None
    return user
