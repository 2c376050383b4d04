"""The doors of the platform's own process: its pages, and of the account pages what signing in there takes.

No page of an operator is served here, and the portal's own process serves none of these: what the two may do
in the database differs as much as their doors do. Account pages that need the portal's rights lead there.
"""

from django.urls import include, path

from portal.web import health, home
from portal.web.account import urls as account
from portal.web.platform import start

ACCOUNT = [
    *account.EVERYWHERE,
    path("operators/", start.operators, name="operators"),
    *(path(route, start.to_portal, name=name) for route, _page, name in account.OF_PORTAL),
]

urlpatterns = [
    path("", start.start, name="home"),
    path("healthz", health.healthz, name="healthz"),
    path("language/", home.set_language, name="set_language"),
    path("theme/", home.set_theme, name="set_theme"),
    path("account/", include((ACCOUNT, account.app_name))),
    path("platform/", include("portal.web.platform.urls")),
]

handler400 = "portal.web.errors.bad_request"
handler403 = "portal.web.errors.forbidden"
handler404 = "portal.web.errors.not_found"
handler500 = "portal.web.errors.server_error"
