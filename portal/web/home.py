"""The start page, and the two choices everybody has: language and theme."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import check_for_language
from django.views.decorators.http import require_POST

from portal.demo.people import PASSWORD, PLATFORM
from portal.gate.access import public_view
from portal.gate.next_page import next_page
from portal.web import addresses
from portal.web.context import THEMES
from portal.web.language import A_YEAR, keep_language
from tenants.selectors import people
from tenants.services.proof import profiles


@public_view("The front door: it says what this is and where to sign in.")
def start(request: HttpRequest) -> HttpResponse:
    """Show the front door; send a signed-in person to where they work."""
    if request.user.is_authenticated:
        return redirect("account:operators")
    demo = people.demonstration() if settings.DEMONSTRATION else []
    context = {
        "demo_people": demo,
        "demo_password": PASSWORD if demo else "",
        "demo_platform": PLATFORM.email,
        "platform_url": addresses.in_platform("platform:operator_list"),
    }
    return render(request, "home/start.html", context)


@public_view("Strangers choose a language too.")
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Keep the chosen language in a cookie, and with the person when they are signed in."""
    response = _back(request)
    language = request.POST.get("language", "")
    if check_for_language(language) and language in dict(settings.LANGUAGES):
        keep_language(response, language)
        if request.user.is_authenticated:
            profiles.choose_language(request.user, language=language)
    return response


@public_view("Strangers choose a theme too.")
@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Keep the chosen theme in a cookie; anything but light and dark follows the system."""
    response = _back(request)
    theme = request.POST.get("theme", "")
    if theme in THEMES:
        response.set_cookie("theme", theme, max_age=A_YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)
    else:
        response.delete_cookie("theme")
    return response


def _back(request: HttpRequest) -> HttpResponse:
    return redirect(next_page(request, default="home"))
