"""The e-invoice of one document: the file, or a page that says what keeps it from leaving."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from billing.models import Invoice
from billing.services import e_invoices
from billing.services.e_invoices import CannotLeave
from portal.gate.access import SignedInRequest, operator_view
from portal.gate.events import Event
from portal.web.finance.invoices import invoice_or_404
from portal.words import e_invoices as words
from tenants.log import audit
from tenants.models import Operator
from tenants.permissions import Permission


@operator_view(Permission.VIEW_INVOICES, takes_out=True)
def invoice_xml(request: SignedInRequest, operator: Operator, invoice_id: UUID) -> HttpResponse:
    """Send the document as an e-invoice, and keep who took it; or say what it lacks, and where that is mended."""
    invoice = invoice_or_404(invoice_id)
    if invoice.state != Invoice.State.ISSUED:
        raise Http404
    try:
        content = e_invoices.xml(invoice, at=timezone.now())
    except CannotLeave as problem:
        page = {
            "nav": "invoices",
            "invoice": invoice,
            "lacks": words.lacks(problem.faults),
            "crumbs": [
                (_("Invoices"), reverse("finance:invoice_list", args=[operator.slug])),
                (str(invoice), reverse("finance:invoice_detail", args=[operator.slug, invoice.public_id])),
            ],
        }
        return render(request, "finance/invoices/e_invoice.html", page)
    audit.record(Event.E_INVOICE_DOWNLOADED, about=invoice)
    response = HttpResponse(content, content_type="application/xml")
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=f"{invoice}.xml") or ""
    return response
