"""A number for every request, in each of its log lines and audit entries and in the answer's header."""

import re
from collections.abc import Callable
from uuid import uuid4

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from portal.gate.requests import numbered

HEADER = "X-Request-Id"
_ACCEPTABLE = re.compile(r"[A-Za-z0-9_-]{8,64}")


class RequestIdMiddleware:
    """Take the number of our own proxy when it looks like one, or give a new one: nobody else is believed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        offered = request.headers.get(HEADER, "")
        is_ours = settings.TRUSTED_PROXIES > 0 and _ACCEPTABLE.fullmatch(offered)
        number = offered if is_ours else uuid4().hex
        request.request_id = number  # type: ignore[attr-defined]  # read by `log_lines`, when it is over
        with numbered(number):
            response = self.get_response(request)
            response[HEADER] = number
            return response
