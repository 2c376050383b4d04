"""How the API describes itself: OpenAPI 3.1, made by drf-spectacular from the resources.

A resource names the serializers of its parameters (`query_class`) and of its answer (`answer_class`); everything
that is the same for all, errors above all, is added here once. The description is English for every reader, as the
names in it are; the guide (`portal.web.api_guide`) says the same texts in the reader's language.
"""

from functools import cache
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers

PROBLEM = "application/problem+json"
ERRORS: dict[HTTPStatus, str | Promise] = {
    HTTPStatus.BAD_REQUEST: _("A parameter is unknown or has a value that cannot be used; `errors` names each."),
    HTTPStatus.UNAUTHORIZED: _("No key, or one that does not open this operator."),
    HTTPStatus.FORBIDDEN: _("The caller may not do this here."),
    HTTPStatus.NOT_FOUND: _("There is no such operator, or not for this caller."),
    HTTPStatus.METHOD_NOT_ALLOWED: _("The resource does not know this method."),
    HTTPStatus.NOT_ACCEPTABLE: _("The answer is JSON and nothing else."),
    HTTPStatus.TOO_MANY_REQUESTS: _("Too many requests; `Retry-After` says when the next is let in."),
    HTTPStatus.SERVICE_UNAVAILABLE: _("Requests cannot be counted just now, so none is let in."),
}
_WAIT = [HTTPStatus.TOO_MANY_REQUESTS.value, HTTPStatus.SERVICE_UNAVAILABLE.value]
_HEADERS = [
    OpenApiParameter(
        "X-Request-Id", str, "header", response=True, description="The request's number, as in the audit log."
    ),
    OpenApiParameter("Retry-After", int, "header", response=_WAIT, description="Seconds to wait."),
    OpenApiParameter("WWW-Authenticate", str, "header", response=[HTTPStatus.UNAUTHORIZED.value]),
]
_OPERATOR = OpenApiParameter("operator_slug", str, "path", description="The operator's address in the portal.")


class FieldProblem(serializers.Serializer[Any]):
    """What is wrong with one parameter."""

    field = serializers.CharField()
    value = serializers.CharField()
    message = serializers.CharField()


class Problem(serializers.Serializer[Any]):
    """An error (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    request_id = serializers.CharField(help_text="Name it when you ask for help.")
    detail = serializers.CharField(required=False, help_text="A sentence, in the language of Accept-Language.")
    code = serializers.CharField(required=False, help_text="What stood in the way: stable, for machines.")
    facts = serializers.DictField(required=False, help_text="What the code is about.")
    errors = FieldProblem(many=True, required=False)  # type: ignore[assignment]  # a field, taken out by the metaclass


class ResourceSchema(AutoSchema):
    """The description of one `OperatorResource`."""

    view: Any

    def get_operation_id(self) -> str:
        return str(self.view.operation)

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular has it
        return str(self.view.description)

    def get_tags(self) -> list[str]:
        return []

    def get_override_parameters(self) -> list[Any]:
        takes = [self.view.query_class] if self.view.query_class().fields else []
        return [_OPERATOR, *takes, *_HEADERS]

    def get_response_serializers(self) -> Any:
        answers: dict[Any, Any] = {HTTPStatus.OK.value: self.view.answer_class}
        for status, meaning in ERRORS.items():
            answers[status.value, PROBLEM] = OpenApiResponse(Problem, description=str(meaning))
        return answers


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # drf-spectacular has no types here
    """`Authorization: Bearer wl_live_…`."""

    target_class = "portal.api.authentication.Key"
    name = "apiKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "wl_live_<key id>_<secret>"}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The cookie of a person signed in by browser."""

    target_class = "portal.api.authentication.BrowserSession"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}


@cache
def document() -> dict[str, Any]:
    """Return the description of the whole API. It holds nobody's data and is the same for all."""
    with translation.override("en"):
        return dict(SchemaGenerator().get_schema(request=None, public=True))  # type: ignore[no-untyped-call]
