"""The e-invoice of one document: the file, or a page that says what keeps it from leaving."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from billing.models import HostStatement, Invoice
from billing.selectors import settlements
from billing.selectors.e_invoices import Document
from billing.services import e_invoices
from billing.services.e_invoices import CannotLeave
from portal.gate.access import SignedInRequest, operator_view
from portal.gate.events import Event
from portal.web.finance.invoices import invoice_or_404
from portal.words import e_invoices as words
from tenants import bookkeeping
from tenants.bookkeeping import Why
from tenants.crypto import Shut
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
    except Shut:  # of somebody erased: whoever needs it says what for
        return redirect("finance:invoice_kept", operator.slug, invoice.public_id)
    except CannotLeave as problem:
        return render(request, "finance/invoices/e_invoice.html", _of_invoice(invoice, operator, problem))
    return xml_file(invoice, content)


@operator_view(Permission.VIEW_INVOICES, takes_out=True)
def statement_xml(request: SignedInRequest, operator: Operator, statement_id: UUID) -> HttpResponse:
    """The same of a statement that is the host's invoice: here the host sells, and the operator buys."""
    statement = settlements.statement(statement_id)
    if statement is None or statement.number is None:
        raise Http404
    try:
        with bookkeeping.opened(Why.DOCUMENT, about=statement):
            content = e_invoices.xml(statement, at=timezone.now())
    except CannotLeave as problem:
        return render(request, "finance/invoices/e_invoice.html", _of_statement(statement, operator, problem))
    return xml_file(statement, content)


def xml_file(document: Document, content: bytes) -> HttpResponse:
    """Answer with an e-invoice, named after its document, and keep who took it."""
    audit.record(Event.E_INVOICE_DOWNLOADED, about=document)
    response = HttpResponse(content, content_type="application/xml")
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=f"{document}.xml") or ""
    return response


def _of_invoice(invoice: Invoice, operator: Operator, problem: CannotLeave) -> dict[str, Any]:
    lacks = words.lacks(problem.faults)
    address = [operator.slug, invoice.public_id]
    return {
        "nav": "invoices",
        "document": invoice,
        "own": lacks.seller,
        "other": lacks.buyer,
        "of_document": lacks.document,
        "other_title": _("The payer's details"),
        "pdf_url": reverse("finance:invoice_pdf", args=address),
        "crumbs": [
            (_("Invoices"), reverse("finance:invoice_list", args=[operator.slug])),
            (str(invoice), reverse("finance:invoice_detail", args=address)),
        ],
        "what_then": _(
            "An issued document keeps the details it was issued with. What you change now holds for the next ones; to"
            " send this one, credit it and bill it anew, or send the PDF."
        ),
    }


def _of_statement(statement: HostStatement, operator: Operator, problem: CannotLeave) -> dict[str, Any]:
    lacks = words.lacks(problem.faults)
    address = [operator.slug, statement.public_id]
    return {
        "nav": "hosts",
        "document": statement,
        "own": lacks.buyer,
        "other": lacks.seller,
        "of_document": lacks.document,
        "other_title": _("The host's details"),
        "pdf_url": reverse("finance:statement_pdf", args=address),
        "crumbs": [
            (_("Hosts"), reverse("finance:host_list", args=[operator.slug])),
            (str(statement), reverse("finance:statement_detail", args=address)),
        ],
        "what_then": _(
            "A closed statement keeps the details it was closed with. What you change now holds for the next ones; send"
            " the PDF of this one."
        ),
    }
