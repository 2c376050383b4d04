"""The page for an address that only takes forms, opened as if it were a page."""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed

from portal.web.errors import not_allowed


class NotAllowedMiddleware:
    """Give Django's empty answer (405) a page. Machines that say what they want keep theirs."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code != HTTPStatus.METHOD_NOT_ALLOWED or not isinstance(response, HttpResponseNotAllowed):
            return response
        page = not_allowed(request)
        page["Allow"] = response["Allow"]
        return page
