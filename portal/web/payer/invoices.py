"""A payer's own invoices and credit notes, as PDF."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render

from billing.selectors import fees, invoices
from portal.gate.access import SignedInRequest, payer_view
from portal.web import lists, own_documents
from portal.words import invoices as invoice_words
from tenants.models import Operator


@payer_view()
def invoice_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List what was issued to the payer, newest first."""
    own = invoices.of_account(request.account)
    page = lists.page(own, request, by="month")
    documents = invoice_words.with_fees(page.rows, fees.lines(*page.rows))
    found = {"nav": "invoices", "account": request.account, "page": page, "documents": documents}
    return render(request, "payer/invoices.html", found)


@payer_view()
def invoice_pdf(request: SignedInRequest, operator: Operator, invoice_id: UUID) -> HttpResponse:
    """Send one of the payer's own documents."""
    invoice = invoices.of_account(request.account).filter(public_id=invoice_id).first()
    if invoice is None:
        raise Http404
    return own_documents.sent(invoice)
