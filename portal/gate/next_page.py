"""Where to go on: the page named by `next`, if it is one of ours."""

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def next_page(request: HttpRequest, default: str = "") -> str:
    """Return the safe path in `next` of the form or the address, or the default."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    # `redirect` would take a bare word for the name of a view, and fail when there is none.
    safe = target.startswith("/") and url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if safe else default
