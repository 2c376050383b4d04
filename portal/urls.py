"""Every door on one screen."""

from django.urls import include, path

from portal.api import described
from portal.web import api_guide, bounces, health, home, installed, notices, outlets

urlpatterns = [
    path("", home.start, name="home"),
    path("healthz", health.healthz, name="healthz"),
    path("mail/bounced/", bounces.letter_bounced, name="letter_bounced"),
    path("language/", home.set_language, name="set_language"),
    path("theme/", home.set_theme, name="set_theme"),
    path("app.webmanifest", installed.manifest, name="manifest"),
    path("service-worker.js", installed.worker, name="service_worker"),
    path("offline/", installed.offline, name="offline"),
    path("api/", api_guide.guide, name="api_guide"),
    path("api/v1/openapi.json", described.openapi, name="api_schema"),
    path("privacy/<slug:slug>/", notices.public_notice, name="public_notice"),
    path("privacy/<slug:slug>/<int:version>/", notices.public_notice, name="public_notice_version"),
    path("at/<slug:slug>/<uuid:public_id>/<str:number>/", outlets.public_outlet, name="public_outlet"),
    path(
        "at/<slug:slug>/<uuid:public_id>/<str:number>/start/", outlets.public_outlet_start, name="public_outlet_start"
    ),
    path("at/<slug:slug>/guest/<uuid:command_id>/", outlets.public_guest, name="public_guest"),
    path("at/<slug:slug>/guest/<uuid:command_id>/stop/", outlets.public_guest_stop, name="public_guest_stop"),
    path("account/", include("portal.web.account.urls")),
    path("o/<slug:operator_slug>/", include("portal.web.staff.urls")),
    path("o/<slug:operator_slug>/finance/", include("portal.web.finance.urls")),
    path("o/<slug:operator_slug>/my/", include("portal.web.driver.urls")),
    path("o/<slug:operator_slug>/payer/", include("portal.web.payer.urls")),
    path("o/<slug:operator_slug>/api/v1/", include("portal.api.v1.urls")),
]

handler400 = "portal.web.errors.bad_request"
handler403 = "portal.web.errors.forbidden"
handler404 = "portal.web.errors.not_found"
handler500 = "portal.web.errors.server_error"
