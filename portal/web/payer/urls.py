"""The pages of a payer's own people."""

from django.urls import URLPattern, path

from portal.web.payer import charging, invoices

app_name = "payer"

urlpatterns: list[URLPattern] = [
    path("", invoices.invoice_list, name="invoice_list"),
    path("invoices/<uuid:invoice_id>/pdf/", invoices.invoice_pdf, name="invoice_pdf"),
    path("drivers/", charging.driver_totals, name="driver_totals"),
    path("sessions/", charging.session_list, name="session_list"),
]
