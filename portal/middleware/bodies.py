"""Refuse what is too large before a byte of it is read: the check against forged requests reads every form.

A form has at most two megabytes. More is taken by pages that declare it (`portal.files.uploads.takes_files`), and
there only from somebody who is signed in and may do what the page does.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from portal.files.uploads import LARGEST_FORM, MEGABYTE, TooLarge, too_large
from portal.gate import viewing
from portal.gate.access import find_access, lacks_second_factor
from tenants.models import Operator


class BodiesMiddleware:
    """Stands before the check against forged requests."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, _args: Any, kwargs: dict[str, Any]) -> None:
        """Look at what the request says of its size.

        Raises:
            TooLarge: it is more than what is taken here from this person, or not said.
        """
        if "HTTP_TRANSFER_ENCODING" in request.META:
            raise TooLarge(_("The request does not say how large it is, so it is not read."))
        size = int(request.META.get("CONTENT_LENGTH") or 0)
        if size <= LARGEST_FORM:
            return
        if not (getattr(view, "takes_files", False) and _is_let_in(request, view, kwargs)):
            raise TooLarge(_too_large_here(size))
        if size > settings.UPLOAD_LIMIT_MB * MEGABYTE + LARGEST_FORM:
            raise TooLarge(too_large(size))


def _too_large_here(size: int) -> str:
    facts = {"size": -(-size // MEGABYTE), "limit": LARGEST_FORM // MEGABYTE}
    return _("The request has %(size)d MB; at most %(limit)d are taken here.") % facts


def _is_let_in(request: Any, view: Any, kwargs: dict[str, Any]) -> bool:
    """Tell whether the page would let this person in and do what it does; it decides again for itself."""
    if not request.user.is_authenticated:
        return False
    access = find_access(request.user, slug=kwargs["operator_slug"])
    if access is None or lacks_second_factor(request.user, access):
        return False
    access = viewing.through(request, access)
    is_open = access.operator.state == Operator.State.ACTIVE or access.visit_ends_at is not None
    return is_open and not access.is_read_only and access.may(view.access)
