"""The answer to too many attempts, and the limit on opening links that hold a secret."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from portal.gate import throttle
from portal.gate.requests import client_network
from portal.gate.throttle import TooMany


def too_many(request: HttpRequest, limit: TooMany) -> HttpResponse:
    """Say when the next attempt is admitted (429)."""
    response = render(request, "account/too_many.html", {"wait_s": limit.retry_after_s}, status=429)
    response["Retry-After"] = str(limit.retry_after_s)
    return response


def link_page(page: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Limit how often an address opens links of this kind: their secrets are not to be guessed."""

    @wraps(page)
    def limited(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            throttle.admit(throttle.LINK_FROM_ADDRESS, client_network(request))
        except TooMany as limit:
            return too_many(request, limit)
        return page(request, *args, **kwargs)

    return limited
