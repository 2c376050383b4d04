"""The pages of a payer's own people."""

from django.urls import URLPattern, path

from portal.web.payer import charging, disputes, invoices

app_name = "payer"

urlpatterns: list[URLPattern] = [
    path("", invoices.invoice_list, name="invoice_list"),
    path("invoices/<uuid:invoice_id>/pdf/", invoices.invoice_pdf, name="invoice_pdf"),
    path("invoices/<uuid:invoice_id>/dispute/", disputes.invoice_dispute, name="invoice_dispute"),
    path("disputes/", disputes.dispute_list, name="dispute_list"),
    path("disputes/<uuid:dispute_id>/withdraw/", disputes.dispute_withdraw, name="dispute_withdraw"),
    path("drivers/", charging.driver_totals, name="driver_totals"),
    path("sessions/", charging.session_list, name="session_list"),
]
