"""Errors of the API as problem details (RFC 9457): one shape for everything that goes wrong."""

from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from billing.domain.errors import BillingError
from charging.domain.errors import ChargingError
from portal.middleware.request_id import current_request_id
from tenants.errors import Refused

CONTENT_TYPE = "application/problem+json"


def problem_details(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer an error; None leaves what nobody foresaw to Django, which answers 500."""
    if isinstance(error, BillingError | ChargingError | Refused):  # messages a person may read
        return _problem(HTTPStatus.CONFLICT, detail=str(error))
    response = exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, exceptions.ValidationError):
        return _problem(HTTPStatus.BAD_REQUEST, detail="Some fields are not acceptable.", errors=error.detail)
    answer = _problem(HTTPStatus(response.status_code), detail=_detail(error))
    for header in ("WWW-Authenticate", "Retry-After"):
        if response.has_header(header):
            answer[header] = response[header]
    return answer


def _detail(error: Exception) -> str:
    if isinstance(error, Http404 | PermissionDenied):
        return ""  # the status says it; more would tell a stranger what there is
    return str(getattr(error, "detail", ""))


def _problem(status: HTTPStatus, *, detail: str, **more: Any) -> Response:
    body = {"type": "about:blank", "title": status.phrase, "status": status.value}
    if detail:
        body["detail"] = detail
    return Response({**body, **more, "request_id": current_request_id()}, status=status, content_type=CONTENT_TYPE)
