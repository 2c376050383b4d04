"""Where a person lands who comes to the platform's process without saying what for."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect

from portal.gate.access import SignedInRequest, account_view, public_view
from tenants.selectors import platform


@public_view("It only leads to the first page, which asks who is there.")
def start(request: HttpRequest) -> HttpResponse:
    """Go to the operators."""
    return redirect("platform:operator_list")


@account_view
def operators(request: SignedInRequest) -> HttpResponseBase:
    """Send members of the platform to their pages, everybody else to the portal."""
    return redirect("platform:operator_list") if platform.is_member(request.user) else to_portal(request)


@public_view("It only leads to the same page of the portal.")
def to_portal(request: HttpRequest, /, **_: object) -> HttpResponse:
    """Go on in the portal's own process, if that has another address than ours."""
    if not settings.PORTAL_ADDRESS:
        raise Http404
    return redirect(settings.PORTAL_ADDRESS + request.get_full_path())
