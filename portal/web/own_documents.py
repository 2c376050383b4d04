"""The PDF of an invoice or credit note, sent to whom it was issued to."""

from django.http import HttpResponse
from django.utils import timezone

from billing.models import Invoice
from billing.services import documents, openings
from portal.files.pdf import pdf_file
from portal.gate.events import Event
from tenants import bookkeeping
from tenants.bookkeeping import Why
from tenants.log import audit


def sent(invoice: Invoice) -> HttpResponse:
    """Send the document to its own payer; the first time is noted, and the log keeps each."""
    with bookkeeping.opened(Why.PAYER, about=invoice):
        content = documents.pdf(invoice)
    audit.record(Event.INVOICE_DOWNLOADED, about=invoice)
    openings.note(invoice, at=timezone.now())
    return pdf_file(str(invoice), content)
