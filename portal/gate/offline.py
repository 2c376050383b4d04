"""Marks a driver's pages for the worker that keeps them in the browser: whose they are, and until when they hold.

It shows nothing to anybody else, and nothing longer than the person's sign-in would have lasted.
"""

from typing import Any

from django.http import HttpRequest, HttpResponseBase

from tenants.marks import mark


def marked(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Return the answer with both marks."""
    session: Any = request.session
    until = session.lasts_until
    if until is not None:
        response["X-Offline-For"] = mark(request.user.pk, purpose="offline")
        response["X-Offline-Until"] = str(int(until.timestamp()))
    return response
