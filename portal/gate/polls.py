"""Requests that a page sends by itself, every few seconds: nobody was there, so they prove nobody's presence.

A part of a page that asks for itself says so: `hx-headers='{"X-Poll": "1"}'` beside its `hx-trigger="every …"`.
"""

from django.http import HttpRequest

HEADER = "X-Poll"


def is_poll(request: HttpRequest) -> bool:
    """Tell whether the page asks by itself. What changes something is always a person's doing."""
    return request.method in {"GET", "HEAD"} and HEADER in request.headers
