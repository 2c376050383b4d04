"""A driver's own invoices and credit notes, as PDF."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render

from billing.selectors import fees, invoices
from billing.services import documents
from portal.files.pdf import pdf_file
from portal.gate.access import SignedInRequest, driver_view
from portal.gate.events import Event
from portal.web import lists
from portal.words import invoices as invoice_words
from tenants import bookkeeping
from tenants.bookkeeping import Why
from tenants.log import audit
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
    audit.record(Event.INVOICE_DOWNLOADED, about=invoice)
    with bookkeeping.opened(Why.PAYER, about=invoice):
        return pdf_file(str(invoice), documents.pdf(invoice))
