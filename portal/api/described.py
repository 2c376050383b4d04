"""The description of the API as a file, for programs that write programs."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from portal.api import schema
from portal.gate.access import public_view


@public_view("It describes the API and holds nobody's data.")
@require_safe
def openapi(request: HttpRequest) -> JsonResponse:
    """Send the description (OpenAPI 3.1)."""
    return JsonResponse(schema.document())
