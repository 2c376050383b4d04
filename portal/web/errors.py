"""The pages for what went wrong: each says what happened and shows a way back. Machines get problem details."""

import re
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse

from portal.api.errors import plain_problem
from portal.files.uploads import TooLarge
from portal.gate import kept
from portal.gate.next_page import came_from
from portal.gate.training import TrainingMissing

_OF_THE_API = re.compile(r"/(o/[^/]+/)?api/v\d+/")


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Say that the request could not be understood (400), or that it is too large (413)."""
    is_large = isinstance(exception, TooLarge)
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE if is_large else HTTPStatus.BAD_REQUEST
    if _is_of_api(request):
        return plain_problem(status)
    reason = str(exception) if is_large else ""
    return render(request, "400.html", {"reason": reason, "code": status.value}, status=status)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Say that the person lacks the permission, or why nobody may now (403)."""
    training = ""
    if isinstance(exception, TrainingMissing):
        training = reverse("staff:training", args=[exception.slug])
    return render(request, "403.html", {"reason": str(exception or ""), "training": training}, status=403)


def too_late(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say that a form was not taken, and keep what it says in the page: it stands there until it can be sent.

    For a form whose mark against forged requests is missing or old (`CSRF_FAILURE_VIEW`), and for one of somebody
    whose sign-in is gone. Only a form that our own page sent is offered again: another site's would be forged.
    """
    fields = kept.fields_of(request) if _is_ours(request) else None
    if _is_of_api(request):
        return plain_problem(HTTPStatus.FORBIDDEN)
    waiting = kept.Kept(request.get_full_path(), came_from(request), for_proof=False, fields=fields) if fields else None
    return render(request, "too_late.html", {"kept": waiting, "back": came_from(request)}, status=403)


def not_allowed(request: HttpRequest) -> HttpResponse:
    """Say that nothing is shown at the address of a button (405)."""
    return render(request, "405.html", {"back": came_from(request)}, status=HTTPStatus.METHOD_NOT_ALLOWED)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Say that there is no such page, also to those who may not know that there is one (404)."""
    if _is_of_api(request):
        return plain_problem(HTTPStatus.NOT_FOUND)
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Say that we failed (500). Rendered without the request: it may be what failed."""
    if _is_of_api(request):
        return plain_problem(HTTPStatus.INTERNAL_SERVER_ERROR)
    return HttpResponse(render_to_string("500.html"), status=500)


def _is_ours(request: HttpRequest) -> bool:
    origin = request.headers.get("Origin")
    return origin == f"{request.scheme}://{request.get_host()}" if origin else bool(came_from(request))


def _is_of_api(request: HttpRequest) -> bool:
    return _OF_THE_API.match(request.path) is not None
