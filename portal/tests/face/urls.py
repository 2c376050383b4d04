"""Every URL name the frames link to, leading to the catalogue, so that the face can be seen by itself."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, include, path

from portal.tests.face import samples
from portal.web import home, installed


def catalogue(request: HttpRequest, **_ids: str) -> HttpResponse:
    """Show every component once, in the frame the address names. A list of one site is as after a lost session."""
    frame = request.GET.get("frame", "staff")
    if request.headers.get("HX-Request") and request.GET.get("site") == "Stora Torget":
        return redirect("account:sign_in")
    theme = request.COOKIES.get("theme", request.GET.get("theme", ""))
    return render(request, f"face/{frame}.html", {**samples.context(request, theme=theme), "frame": frame})


def _named(*names: str) -> list[URLPattern]:
    return [path(f"{name}/", catalogue, name=name) for name in names]


STAFF = (
    "overview", "session_list", "review_list", "site_list", "driver_list", "token_list", "import_list",
    "people", "consent_list", "audit_log", "settings",
)  # fmt: skip
FINANCE = ("tariff_list", "run_list", "invoice_list", "reconciliation", "export_list")
DRIVER = ("history", "invoice_list", "token_list", "privacy")
ACCOUNT = ("sign_in", "sign_out", "profile", "operators")
LISTS = [
    path(f"lists/<slug:list_name>/{name}/", catalogue, name=name)
    for name in ("view_save", "view_remove", "columns_choose")
]

urlpatterns = [
    path("", catalogue, name="home"),
    path("language/", home.set_language, name="set_language"),
    path("theme/", home.set_theme, name="set_theme"),
    path("app.webmanifest", installed.manifest, name="manifest"),
    path("service-worker.js", installed.worker, name="service_worker"),
    path("account/", include((_named(*ACCOUNT), "account"))),
    path("o/<slug:operator_slug>/", include((_named(*STAFF) + LISTS, "staff"))),
    path("o/<slug:operator_slug>/finance/", include((_named(*FINANCE), "finance"))),
    path("o/<slug:operator_slug>/my/", include((_named(*DRIVER), "driver"))),
]
