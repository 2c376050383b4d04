"""Step-up: proving again who one is before an act that could do great harm.

A proof (both factors at sign-in, or a code, passkey or, for people without a factor, the password given
again) holds for a quarter of an hour in this session.
"""

import time

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

_KEY = "proved_at"
FRESH_S = 15 * 60


def mark(request: HttpRequest) -> None:
    """Note that the person has just proved who they are."""
    request.session[_KEY] = time.time()


def is_fresh(request: HttpRequest) -> bool:
    """Tell whether the proof still holds."""
    proved_at = float(request.session.get(_KEY, 0))
    return 0 <= time.time() - proved_at < FRESH_S


def ask(request: HttpRequest) -> HttpResponse:
    """Send the person to the proof, and from there back to the page they came from."""
    back = request.get_full_path() if request.method == "GET" else request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        back = ""
    response = redirect("account:step_up")
    if back:
        response["Location"] += f"?{urlencode({'next': back})}"
    return response
