"""Step-up: proving again who one is before an act that could do great harm.

A proof (both factors at sign-in, or a code, passkey or, for people without a factor, the password given
again) holds for a quarter of an hour in this session. It is asked for when something is done or taken out, not for
looking: a page is shown without it, and what its form sends without it is kept (`portal.gate.kept`) and sent on
with the proof. What cannot be kept leads back to where its button stands, to be pressed again.
"""

import time

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from portal.gate import kept
from portal.gate.next_page import came_from

_KEY, _AGAIN = "proved_at", "press_again"
FRESH_S = 15 * 60
LOOKS = {"GET", "HEAD", "OPTIONS"}


def mark(request: HttpRequest) -> None:
    """Note that the person has just proved who they are, and tell them to press a button that had to wait."""
    request.session[_KEY] = time.time()
    if request.session.pop(_AGAIN, False):
        messages.success(request, _("Confirmed. Press the button again."))


def is_fresh(request: HttpRequest) -> bool:
    """Tell whether the proof still holds."""
    proved_at = float(request.session.get(_KEY, 0))
    return 0 <= time.time() - proved_at < FRESH_S


def is_missing(request: HttpRequest, *, for_looking: bool = False) -> bool:
    """Tell whether a proof is needed first: for what changes something, and `for_looking` for every request."""
    return (for_looking or request.method not in LOOKS) and not is_fresh(request)


def ask(request: HttpRequest, *, person: int) -> HttpResponse:
    """Send the person to the proof, and from there on with what they wanted."""
    is_page = request.method in LOOKS and "HX-Request" not in request.headers
    request.session.pop(_AGAIN, None)
    if is_page:
        back = request.get_full_path()
    elif kept.keep(request, person=person, for_proof=True):
        back = reverse("account:kept")
    else:
        back = came_from(request)
        request.session[_AGAIN] = bool(back)
    response = redirect("account:step_up")
    if back:
        response["Location"] += f"?{urlencode({'next': back})}"
    return response
