"""Where passkeys hold: the domain they are bound to, and the way of a challenge to the browser and back.

In production the domain is named by `PORTAL_DOMAIN`; a key made for one domain works for no other, ever. A
development takes it from the address in the browser, on whatever port it runs. A bare IP address cannot have
passkeys (Web Authentication, "RP ID"): no site then, and the pages say what to do.
"""

import json
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from portal.gate import throttle
from tenants.bounds import JsonBounds, OutOfBounds, json_of
from tenants.services.proof.passkeys import Site

_KEY = "passkey_challenge"
LIFETIME_S = 300
LONGEST_ANSWER = 20_000


def site(request: HttpRequest) -> Site | None:
    """Return where passkeys hold for this request; None where there can be none."""
    if settings.PORTAL_DOMAIN:
        return Site(settings.PORTAL_DOMAIN, tuple(settings.PORTAL_ORIGINS))
    if settings.KIND == "production":
        return None
    host = request.get_host()
    domain = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    return None if _is_address(domain) else Site(domain, (f"{request.scheme}://{host}",))


def keep(request: HttpRequest, state: dict[str, Any]) -> None:
    """Keep the challenge for this browser alone, in place of an earlier one."""
    request.session[_KEY] = throttle.remember(json.dumps(state), for_s=LIFETIME_S)


def take(request: HttpRequest) -> dict[str, Any] | None:
    """Return the challenge, once; None when there is none, it is used, or too old."""
    word = request.session.pop(_KEY, None)
    found = throttle.take(word) if word else None
    return json.loads(found) if found else None


def answer(request: HttpRequest) -> dict[str, Any] | None:
    """Return what the browser's key said; None when it is nothing of the kind."""
    written = request.POST.get("answer", "")
    try:
        found = json_of(written, JsonBounds(characters=LONGEST_ANSWER))
    except OutOfBounds:
        return None
    return found if isinstance(found, dict) else None


def _is_address(domain: str) -> bool:
    try:
        ip_address(domain.strip("[]"))
    except ValueError:
        return False
    return True
