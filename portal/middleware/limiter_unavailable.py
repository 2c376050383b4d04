"""The answer while attempts cannot be counted: sign-in is closed for a moment, and everything else goes on."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.gate.throttle import LimiterUnavailable

RETRY_AFTER_S = 30


class LimiterUnavailableMiddleware:
    """Turn `LimiterUnavailable` into a page (503) that says when to try again."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer for a page that could not count the attempt."""
        if not isinstance(exception, LimiterUnavailable):
            return None
        response = render(request, "account/closed.html", status=503)
        response["Retry-After"] = str(RETRY_AFTER_S)
        return response
