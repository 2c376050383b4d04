"""Addresses in the other process: the portal's pages from the platform's, and the other way round.

Behind a proxy both live under one host and an address is a path; bin/run gives each a port of its own, and
then the address begins with it.
"""

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse


def in_portal(name: str, *args: object) -> str:
    """Return the address of a page of the portal."""
    return str(settings.PORTAL_ADDRESS) + reverse(name, urlconf="portal.urls", args=args)


def in_platform(name: str, *args: object) -> str:
    """Return the address of a page of the platform."""
    return str(settings.PLATFORM_ADDRESS) + reverse(name, urlconf="portal.platform_urls", args=args)


def is_elsewhere(address: str) -> bool:
    """Whether the address is under another host or port than ours.

    No form may lead there, not even by a redirect: the content policy says `form-action 'self'`. A link may.
    """
    return "://" in address


def whole(request: HttpRequest, address: str) -> str:
    """Return the address with scheme and host, to be handed to somebody."""
    return request.build_absolute_uri(address)
