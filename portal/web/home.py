"""The start page, and the two choices everybody has: language and theme."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language
from django.views.decorators.http import require_POST

from portal.web.access import public_view
from portal.web.context import THEMES
from tenants.selectors import people

A_YEAR = 365 * 24 * 60 * 60


@public_view("The front door: it says what this is and where to sign in.")
def start(request: HttpRequest) -> HttpResponse:
    """Show the front door; send a signed-in person to where they work."""
    if request.user.is_authenticated:
        return redirect("account:operators")
    demo = people.demonstration() if settings.DEMONSTRATION else []
    return render(request, "home/start.html", {"demo_people": demo})


@public_view("Strangers choose a language too.")
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Keep the chosen language in a cookie, and with the person when they are signed in."""
    response = _back(request)
    language = request.POST.get("language", "")
    if check_for_language(language) and language in dict(settings.LANGUAGES):
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, max_age=A_YEAR, samesite="Lax")
    return response


@public_view("Strangers choose a theme too.")
@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Keep the chosen theme in a cookie; anything but light and dark follows the system."""
    response = _back(request)
    theme = request.POST.get("theme", "")
    if theme in THEMES:
        response.set_cookie("theme", theme, max_age=A_YEAR, samesite="Lax")
    else:
        response.delete_cookie("theme")
    return response


def _back(request: HttpRequest) -> HttpResponse:
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return redirect(target if safe else "home")
