"""The finance pages: under /o/<operator>/finance/."""

from django.urls import path

from portal.web.finance import tariff_editor, tariffs

app_name = "finance"

urlpatterns = [
    path("tariffs/", tariffs.tariff_list, name="tariff_list"),
    path("tariffs/new/", tariff_editor.tariff_new, name="tariff_new"),
    path("tariffs/preview/", tariff_editor.tariff_preview, name="tariff_preview"),
    path("tariffs/<uuid:tariff_id>/", tariffs.tariff_detail, name="tariff_detail"),
    path("tariffs/<uuid:tariff_id>/edit/", tariff_editor.tariff_edit, name="tariff_edit"),
    path("tariffs/<uuid:tariff_id>/publish/", tariffs.tariff_publish, name="tariff_publish"),
    path("tariffs/<uuid:tariff_id>/assign/", tariffs.tariff_assign, name="tariff_assign"),
    path(
        "tariffs/<uuid:tariff_id>/assignments/<int:assignment_id>/end/",
        tariffs.tariff_unassign,
        name="tariff_unassign",
    ),
]
