"""The answer to too many attempts."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.throttle import TooMany


def too_many(request: HttpRequest, limit: TooMany) -> HttpResponse:
    """Say when the next attempt is admitted (429)."""
    response = render(request, "account/too_many.html", {"wait_s": limit.retry_after_s}, status=429)
    response["Retry-After"] = str(limit.retry_after_s)
    return response
