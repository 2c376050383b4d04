"""The finance pages: under /o/<operator>/finance/."""

from django.urls import path

from portal.web.finance import credit, exports, fees, invoices, reconciliation, runs
from portal.web.finance.tariffs import editor, paid, places, publish, simulation
from portal.web.finance.tariffs import pages as tariffs

app_name = "finance"

urlpatterns = [
    path("tariffs/", tariffs.tariff_list, name="tariff_list"),
    path("tariffs/export/", tariffs.tariff_export, name="tariff_export"),
    path("tariffs/new/", editor.tariff_new, name="tariff_new"),
    path("tariffs/paid/", paid.tariff_paid, name="tariff_paid"),
    path("tariffs/preview/", editor.tariff_preview, name="tariff_preview"),
    path("tariffs/<uuid:tariff_id>/", tariffs.tariff_detail, name="tariff_detail"),
    path("tariffs/<uuid:tariff_id>/edit/", editor.tariff_edit, name="tariff_edit"),
    path("tariffs/<uuid:tariff_id>/publish/", publish.tariff_publish, name="tariff_publish"),
    path("tariffs/<uuid:tariff_id>/effect/", publish.tariff_effect, name="tariff_effect"),
    path("tariffs/<uuid:tariff_id>/simulate/", simulation.tariff_simulate, name="tariff_simulate"),
    path("tariffs/<uuid:tariff_id>/assign/", places.tariff_assign, name="tariff_assign"),
    path(
        "tariffs/<uuid:tariff_id>/assignments/<uuid:assignment_id>/end/",
        places.tariff_unassign,
        name="tariff_unassign",
    ),
    path("runs/", runs.run_list, name="run_list"),
    path("runs/export/", runs.run_export, name="run_export"),
    path("runs/start/", runs.run_start, name="run_start"),
    path("runs/<uuid:run_id>/", runs.run_detail, name="run_detail"),
    path("runs/<uuid:run_id>/issue/", runs.run_issue, name="run_issue"),
    path("runs/<uuid:run_id>/discard/", runs.run_discard, name="run_discard"),
    path("invoices/", invoices.invoice_list, name="invoice_list"),
    path("invoices/export/", invoices.invoice_export, name="invoice_export"),
    path("invoices/<uuid:invoice_id>/", invoices.invoice_detail, name="invoice_detail"),
    path("invoices/<uuid:invoice_id>/pdf/", invoices.invoice_pdf, name="invoice_pdf"),
    path("invoices/<uuid:invoice_id>/credit/", credit.invoice_credit, name="invoice_credit"),
    path("fees/", fees.fee_list, name="fee_list"),
    path("fees/export/", fees.fee_export, name="fee_export"),
    path("fees/new/", fees.fee_new, name="fee_new"),
    path("fees/<uuid:fee_id>/", fees.fee_detail, name="fee_detail"),
    path("fees/<uuid:fee_id>/end/", fees.fee_end, name="fee_end"),
    path("fees/<uuid:fee_id>/remove/", fees.fee_remove, name="fee_remove"),
    path("reconciliation/", reconciliation.month, name="reconciliation"),
    path("downloads/", exports.export_list, name="export_list"),
    path("downloads/made/", exports.made_export, name="made_export"),
    path("downloads/taken/", exports.export_taken, name="export_taken"),
    path("downloads/taken/export/", exports.taken_export, name="taken_export"),
    path("downloads/new/", exports.export_new, name="export_new"),
    path("downloads/invoices.csv", exports.invoices_csv, name="invoices_csv"),
    path("downloads/lines.csv", exports.lines_csv, name="lines_csv"),
    path("downloads/<uuid:export_id>/", exports.export_file, name="export_file"),
]
