"""The driver pages."""

from django.urls import URLPattern, path

from portal.web.driver import charging, disputes, history, invoices, late, privacy, requests, tokens

app_name = "driver"

urlpatterns: list[URLPattern] = [
    path("", history.history, name="history"),
    path("sessions/<uuid:session_id>/", history.session_detail, name="session_detail"),
    path("sessions/<uuid:session_id>/signed/", history.session_signed, name="session_signed"),
    path("sessions/<uuid:session_id>/dispute/", disputes.session_dispute, name="session_dispute"),
    path("invoices/<uuid:invoice_id>/dispute/", disputes.invoice_dispute, name="invoice_dispute"),
    path("disputes/", disputes.dispute_list, name="dispute_list"),
    path("disputes/<uuid:dispute_id>/withdraw/", disputes.dispute_withdraw, name="dispute_withdraw"),
    path("charge/", charging.charge, name="charge"),
    path("outlets/<uuid:public_id>/<str:number>/", charging.outlet, name="outlet"),
    path("outlets/<uuid:public_id>/<str:number>/start/", charging.outlet_start, name="outlet_start"),
    path("starts/<uuid:command_id>/", charging.start, name="start"),
    path("live/<uuid:session_id>/", charging.live, name="live"),
    path("live/<uuid:session_id>/stop/", charging.live_stop, name="live_stop"),
    path("late/seen/", late.late_seen, name="late_seen"),
    path("late/letters/", late.late_letters, name="late_letters"),
    path("favourites/<uuid:public_id>/", charging.favourite, name="favourite"),
    path("invoices/", invoices.invoice_list, name="invoice_list"),
    path("invoices/<uuid:invoice_id>/pdf/", invoices.invoice_pdf, name="invoice_pdf"),
    path("cards/", tokens.token_list, name="token_list"),
    path("cards/<uuid:token_id>/block/", tokens.token_block, name="token_block"),
    path("cards/<uuid:token_id>/found/", tokens.token_found, name="token_found"),
    path("privacy/", privacy.privacy, name="privacy"),
    path("requests/", requests.request_list, name="request_list"),
    path("requests/new/", requests.request_new, name="request_new"),
    path("requests/copy/", requests.copy_new, name="copy_new"),
    path("requests/copies/<uuid:public_id>/", requests.copy_file, name="copy_file"),
    path("requests/details/", requests.details, name="details"),
    path("requests/limits/<slug:limit>/lift/", requests.limit_lift, name="limit_lift"),
    path("requests/<uuid:public_id>/withdraw/", requests.request_withdraw, name="request_withdraw"),
    path("privacy/<uuid:public_id>/", privacy.decide, name="privacy_decide"),
]
