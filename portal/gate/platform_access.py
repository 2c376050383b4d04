"""Who may open the platform's pages: its active members, with both factors passed."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import Http404, HttpResponseBase

from portal.gate import step_up as proof
from portal.gate.access import SignedInRequest, to_second_factor
from tenants.actor import acting_more
from tenants.selectors import platform

P = ParamSpec("P")
PlatformPage = Callable[Concatenate[SignedInRequest, P], HttpResponseBase]
log = logging.getLogger(__name__)


def platform_view(*, step_up: bool = False) -> Callable[[PlatformPage[P]], Callable[..., HttpResponseBase]]:
    """Declare a page of those who run the instance.

    Everybody else gets 404. The second factor is always required. With `step_up` the person must have proved
    who they are within the last quarter of an hour, to change something. No operator's scope is open; services open
    them one by one.
    """

    def declare(page: PlatformPage[P]) -> Callable[..., HttpResponseBase]:
        @wraps(page)
        def guarded(request: SignedInRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not platform.is_member(request.user):
                log.warning("Person %s, who is no member of the platform, tried %s.", request.user.pk, request.path)
                raise Http404
            if not request.user.is_verified():
                return to_second_factor(request)
            if step_up and proof.is_missing(request):
                return proof.ask(request, person=request.user.pk)
            with acting_more(is_platform=True):
                return page(request, *args, **kwargs)

        guarded.access = "platform"  # type: ignore[attr-defined]  # read by the doors test
        guarded.step_up = step_up  # type: ignore[attr-defined]
        return guarded

    return declare
