"""Where to go on: the page named by `next`, or the one that the person comes from, if it is one of ours."""

from urllib.parse import urlsplit

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


def came_from(request: HttpRequest) -> str:
    """Return the path of the page that the request was sent from; empty when it is none of ours, or not said."""
    address = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure()):
        return ""
    parts = urlsplit(address)
    if parts.path.startswith("//"):  # on a page of ours it would name another host
        return ""
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
