"""A number for every request, in each of its log lines and audit entries and in the answer's header."""

import re
from collections.abc import Callable
from contextvars import ContextVar
from uuid import uuid4

from django.conf import settings
from django.http import HttpRequest, HttpResponse

HEADER = "X-Request-Id"
_ACCEPTABLE = re.compile(r"[A-Za-z0-9_-]{8,64}")
_request_id: ContextVar[str] = ContextVar("request_id", default="")


def current_request_id() -> str:
    """Return the request's number; empty outside a request."""
    return _request_id.get()


class RequestIdMiddleware:
    """Take the number of our own proxy when it looks like one, or give a new one: nobody else is believed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        offered = request.headers.get(HEADER, "")
        is_ours = settings.TRUSTED_PROXIES > 0 and _ACCEPTABLE.fullmatch(offered)
        token = _request_id.set(offered if is_ours else uuid4().hex)
        request.request_id = _request_id.get()  # type: ignore[attr-defined]  # read by `log_lines`, when it is over
        try:
            response = self.get_response(request)
            response[HEADER] = _request_id.get()
            return response
        finally:
            _request_id.reset(token)
