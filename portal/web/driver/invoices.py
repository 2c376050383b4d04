"""A driver's own invoices and credit notes, as PDF."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render

from billing.selectors import fees, invoices
from portal.gate.access import SignedInRequest, driver_view
from portal.web import lists, own_documents
from portal.words import invoices as invoice_words
from tenants.models import Operator


@driver_view
def invoice_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List what was issued to the driver, newest first."""
    own = invoices.of_driver(request.driver)
    page = lists.page(own, request, by="month")
    documents = invoice_words.with_fees(page.rows, fees.lines(*page.rows))
    return render(request, "driver/invoices/list.html", {"nav": "invoices", "page": page, "documents": documents})


@driver_view
def invoice_pdf(request: SignedInRequest, operator: Operator, invoice_id: UUID) -> HttpResponse:
    """Send one of the driver's own documents."""
    invoice = invoices.of_driver(request.driver).filter(public_id=invoice_id).first()
    if invoice is None:
        raise Http404
    return own_documents.sent(invoice)
