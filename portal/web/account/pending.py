"""A person between password and second factor: known, but not signed in.

The session remembers for five minutes whose password was right and where they wanted to go. It is
worth nothing else: `request.user` stays anonymous, so every other page turns them away.
"""

import time

from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from portal.gate import kept
from tenants.models import User

_KEY = "pending"
LIFETIME_S = 300


def begin(request: HttpRequest, user: User, *, target: str) -> None:
    """Remember the person under a new session key."""
    with kept.across(request):
        request.session.flush()
    request.session[_KEY] = {
        "user": user.pk,
        "password": user.get_session_auth_hash(),
        "since": time.time(),
        "next": target,
    }


def person(request: HttpRequest) -> User | None:
    """Return who is waiting; None when nobody is, it took too long, or the password has changed since."""
    waiting = request.session.get(_KEY)
    if waiting is None or not 0 <= time.time() - waiting["since"] <= LIFETIME_S:
        return None
    user = User.objects.filter(pk=waiting["user"], is_active=True).first()
    if user is None or not constant_time_compare(user.get_session_auth_hash(), waiting["password"]):
        return None
    return user


def end(request: HttpRequest) -> None:
    """Forget the person: they are signed in, or gave up."""
    request.session.pop(_KEY, None)


def target(request: HttpRequest) -> str:
    """Return where the person wanted to go; empty when they did not say. Already checked to be ours."""
    return str(request.session.get(_KEY, {}).get("next", ""))
