"""The driver pages."""

from django.urls import URLPattern, path

from portal.web.driver import privacy

app_name = "driver"

urlpatterns: list[URLPattern] = [
    path("privacy/", privacy.privacy, name="privacy"),
    path("privacy/<uuid:public_id>/", privacy.decide, name="privacy_decide"),
]
