"""Links that hold a secret: at the first request it leaves the address.

An address is written down in many places that nobody thinks of: a browser's history, a proxy's log, our own log of
refused requests. So the address in a letter does one thing: it puts the secret into a cookie, sealed, that is sent to
one page alone and lives for half an hour, and sends the browser on to that page. What a page then asks, shows and
refuses happens at an address that anybody may read.
"""

import base64
import json

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from tenants import crypto

LIFETIME_S = 30 * 60


def take_out(request: HttpRequest, page: str, **parts: object) -> HttpResponse:
    """Answer the address in the letter: keep its parts for the page with this name, and go there."""
    to = reverse(page)
    response = redirect(to)
    if request.method not in {"GET", "HEAD"}:
        response.status_code = 307  # the same request again, there
    said = json.dumps({name: str(value) for name, value in parts.items()}).encode()
    response.set_cookie(
        _cookie(page),
        base64.urlsafe_b64encode(crypto.encrypt(said, about=_about(page))).decode(),
        max_age=LIFETIME_S,
        path=to,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def taken_out(request: HttpRequest, page: str) -> dict[str, str]:
    """Return the parts that were kept for this page; none when no link led here, or it was long ago."""
    try:
        kept = base64.urlsafe_b64decode(request.COOKIES.get(_cookie(page), "").encode())
        found = json.loads(crypto.decrypt(kept, about=_about(page)))
    except (ValueError, crypto.Unreadable):
        return {}
    return dict(found)


def _cookie(page: str) -> str:
    return "wattledger_link_" + page.rpartition(":")[2]


def _about(page: str) -> str:
    return f"link:{page}"
