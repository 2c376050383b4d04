"""Step-up: proving again who one is before an act that could do great harm.

A proof (both factors at sign-in, or a code, passkey or, for people without a factor, the password given
again) holds for a quarter of an hour in this session.

Nothing typed may be lost on the way: a page with a form asks before it shows the form, and what is only a button
leads back to where it stands, to be pressed again.
"""

import time
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _

_KEY, _AGAIN = "proved_at", "press_again"
FRESH_S = 15 * 60


def mark(request: HttpRequest) -> None:
    """Note that the person has just proved who they are, and tell them to press a button that had to wait."""
    request.session[_KEY] = time.time()
    if request.session.pop(_AGAIN, False):
        messages.success(request, _("Confirmed. Press the button again."))


def is_fresh(request: HttpRequest) -> bool:
    """Tell whether the proof still holds."""
    proved_at = float(request.session.get(_KEY, 0))
    return 0 <= time.time() - proved_at < FRESH_S


def ask(request: HttpRequest) -> HttpResponse:
    """Send the person to the proof, and from there back to the page they came from."""
    is_page = request.method in {"GET", "HEAD"} and "HX-Request" not in request.headers
    if is_page:
        back = request.get_full_path()
        request.session.pop(_AGAIN, None)
    else:
        back = _path(request, request.headers.get("HX-Current-URL") or request.headers.get("Referer", ""))
        request.session[_AGAIN] = bool(back)
    response = redirect("account:step_up")
    if back:
        response["Location"] += f"?{urlencode({'next': back})}"
    return response


def _path(request: HttpRequest, address: str) -> str:
    """Return the path of one of our own addresses; empty for any other."""
    if not url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure()):
        return ""
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
