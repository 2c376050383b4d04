"""Names the signed-in person, their address and browser for everything the request leaves a trace of."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from portal.middleware.request_id import current_request_id
from tenants import addresses
from tenants.actor import acting


class ActorMiddleware:
    """Open `acting` around the page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with acting(
            user=request.user,
            address=client_address(request),
            user_agent=request.headers.get("User-Agent", ""),
            request_id=current_request_id(),
        ):
            return self.get_response(request)


def client_address(request: HttpRequest) -> str | None:
    """Return the address of the browser, believing only as many proxies as we have ourselves.

    Each trusted proxy appends the address it saw to X-Forwarded-For, so the rightmost entries are
    ours and everything left of them was claimed by the client. None where an address should stand and none does.
    """
    seen = addresses.parsed(request.META.get("REMOTE_ADDR") or "")
    if not settings.TRUSTED_PROXIES:
        return seen
    claimed = [entry.strip() for entry in request.headers.get("X-Forwarded-For", "").split(",") if entry.strip()]
    if len(claimed) < settings.TRUSTED_PROXIES:
        return seen
    return addresses.parsed(claimed[-settings.TRUSTED_PROXIES])


def client_network(request: HttpRequest) -> str:
    """Return what limits on attempts count for the browser's address (`tenants.addresses.network`)."""
    return addresses.network(client_address(request))
