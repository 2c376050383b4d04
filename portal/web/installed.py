"""The portal as an application on a driver's phone: what it is called and looks like, and its pages without a net.

The worker (`static/js/service-worker.js`) keeps a driver's pages only, for one person, no longer than their sign-in
lasts; `portal.gate.offline` marks them for it.
"""

from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from portal.gate.access import public_view

ICONS = ((192, "any"), (512, "any"), (512, "maskable"))
COLOUR, GROUND = "#0d5c49", "#f7f5ef"


@public_view("What a phone asks before it installs the portal; it holds nobody's data.")
def manifest(request: HttpRequest) -> HttpResponse:
    """Describe the application (W3C Web Application Manifest)."""
    told = {
        "id": "/",
        "name": "Wattledger",
        "short_name": "Wattledger",
        "description": _("Your charging, your prices and your invoices."),
        "lang": get_language(),
        "start_url": reverse("account:operators"),
        "scope": "/",
        "display": "standalone",
        "theme_color": COLOUR,
        "background_color": GROUND,
        "icons": [
            {
                "src": static(f"img/app-{size}{'-maskable' if purpose == 'maskable' else ''}.png"),
                "sizes": f"{size}x{size}",
                "type": "image/png",
                "purpose": purpose,
            }
            for size, purpose in ICONS
        ],
    }
    return JsonResponse(told, content_type="application/manifest+json")


@public_view("A script like any other, at an address whose pages it may keep.")
def worker(request: HttpRequest) -> HttpResponse:
    """Send the worker from the root: a browser lets it keep pages below its own address only."""
    script = (Path(settings.BASE_DIR) / "static" / "js" / "service-worker.js").read_text()
    return HttpResponse(script, content_type="text/javascript")


@public_view("What is shown when there is no net and nothing is kept.")
def offline(request: HttpRequest) -> HttpResponse:
    """Say that there is no connection. Rendered without the request: the browser keeps it, for whoever comes."""
    return HttpResponse(render_to_string("home/offline.html"))
