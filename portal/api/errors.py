"""Errors of the API as problem details (RFC 9457): one shape for everything that goes wrong."""

from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, JsonResponse
from django.utils.translation import gettext
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from portal.api.queries import BadParameters
from portal.gate.requests import current_request_id
from portal.gate.throttle import LimiterUnavailable, TooMany
from portal.words.say import why
from tenants.coded import Coded

CONTENT_TYPE = "application/problem+json"
AWAY_S = 5


def problem_details(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer an error; None leaves what nobody foresaw to Django, which answers 500."""
    if isinstance(error, Coded):
        return _problem(HTTPStatus.CONFLICT, detail=why(error), code=error.code, facts=error.facts)
    if isinstance(error, TooMany):
        return _later(HTTPStatus.TOO_MANY_REQUESTS, error.retry_after_s, detail=gettext("Too many requests."))
    if isinstance(error, LimiterUnavailable):
        return _later(HTTPStatus.SERVICE_UNAVAILABLE, AWAY_S, detail=gettext("Requests cannot be counted just now."))
    response = exception_handler(error, context)
    if response is None:
        return None
    answer = _problem(HTTPStatus(response.status_code), detail=_detail(error), **_fields(error))
    for header in ("WWW-Authenticate", "Retry-After"):
        if response.has_header(header):
            answer[header] = response[header]
    return answer


def plain_problem(status: HTTPStatus) -> JsonResponse:
    """Answer for what went wrong outside any resource: an address that does not exist, a failure of ours."""
    return JsonResponse(_body(status), status=status, content_type=CONTENT_TYPE)


def _fields(error: Exception) -> dict[str, Any]:
    if isinstance(error, BadParameters):
        return {"errors": error.problems}
    return {"errors": error.detail} if isinstance(error, exceptions.ValidationError) else {}


def _detail(error: Exception) -> str:
    if isinstance(error, exceptions.ValidationError):
        return gettext("Some fields are not acceptable.")
    if isinstance(error, Http404):
        return ""  # the status says it; more would tell a stranger what there is
    if isinstance(error, PermissionDenied):
        return str(error)
    return str(getattr(error, "detail", ""))


def _later(status: HTTPStatus, seconds: int, *, detail: str) -> Response:
    when = gettext("Try again in %(seconds)s s.") % {"seconds": seconds}
    answer = _problem(status, detail=f"{detail} {when}")
    answer["Retry-After"] = str(seconds)
    return answer


def _problem(status: HTTPStatus, *, detail: str, **more: Any) -> Response:
    return Response({**_body(status, detail), **more}, status=status, content_type=CONTENT_TYPE)


def _body(status: HTTPStatus, detail: str = "") -> dict[str, Any]:
    body = {"type": "about:blank", "title": status.phrase, "status": status.value, "request_id": current_request_id()}
    return {**body, "detail": detail} if detail else body
