"""What is known of a request besides who asks: the browser's address, and the request's number."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.conf import settings
from django.http import HttpRequest

from tenants import addresses

_number: ContextVar[str] = ContextVar("request_id", default="")


def current_request_id() -> str:
    """Return the request's number; empty outside a request."""
    return _number.get()


@contextmanager
def numbered(number: str) -> Iterator[None]:
    """Give all that happens within this number."""
    token = _number.set(number)
    try:
        yield
    finally:
        _number.reset(token)


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
