"""The pages of a payer's own people."""

from django.urls import URLPattern, path

from portal.web.payer import charging, disputes, invoices, statements

app_name = "payer"

urlpatterns: list[URLPattern] = [
    path("", invoices.invoice_list, name="invoice_list"),
    path("invoices/<uuid:invoice_id>/pdf/", invoices.invoice_pdf, name="invoice_pdf"),
    path("invoices/<uuid:invoice_id>/dispute/", disputes.invoice_dispute, name="invoice_dispute"),
    path("disputes/", disputes.dispute_list, name="dispute_list"),
    path("disputes/<uuid:dispute_id>/withdraw/", disputes.dispute_withdraw, name="dispute_withdraw"),
    path("statements/", statements.statement_list, name="statement_list"),
    path("statements/<uuid:statement_id>/", statements.statement_detail, name="statement_detail"),
    path("statements/<uuid:statement_id>/sessions/", statements.statement_sessions, name="statement_sessions"),
    path("statements/<uuid:statement_id>/pdf/", statements.statement_pdf, name="statement_pdf"),
    path("statements/<uuid:statement_id>/approve/", statements.statement_approve, name="statement_approve"),
    path("statements/<uuid:statement_id>/contest/", statements.statement_contest, name="statement_contest"),
    path("drivers/", charging.driver_totals, name="driver_totals"),
    path("sessions/", charging.session_list, name="session_list"),
    path("sessions/<uuid:session_id>/dispute/", disputes.session_dispute, name="session_dispute"),
]
