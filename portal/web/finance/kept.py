"""A document of somebody erased: bookkeeping alone opens it, and whoever needs it says what for."""

from typing import Any
from uuid import UUID

from django import forms
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models import Invoice
from billing.services import documents, e_invoices, for_books
from billing.services.e_invoices import CannotLeave
from charging.domain.ocpp import SOURCE
from charging.models import ChargingSession, SignedRecord
from portal.files.pdf import pdf_file
from portal.gate.access import SignedInRequest, operator_view
from portal.gate.events import Event
from portal.web import signed_values
from portal.web.finance.e_invoices import xml_file
from portal.web.finance.invoices import invoice_or_404
from portal.words.bookkeeping import WHY
from tenants import bookkeeping
from tenants.bookkeeping import SAID, Why
from tenants.crypto import Shut
from tenants.log import audit
from tenants.models import Account, Operator
from tenants.permissions import Permission


class WhyForm(forms.Form):
    """What a document is needed for, and as which file."""

    why = forms.ChoiceField(label=_("What is it needed for?"), choices=[(why.value, WHY[why]) for why in SAID])
    file = forms.ChoiceField(
        label=_("File"),
        choices=[
            ("pdf", _("PDF")),
            ("xml", _("E-invoice (XML)")),
            ("signed", _("What the meters signed (ZIP)")),
        ],
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, has_xml: bool, has_signed: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        there = {"pdf": True, "xml": has_xml, "signed": has_signed}
        choices = [(kind, name) for kind, name in self.fields["file"].choices if there[kind]]  # type: ignore[attr-defined]
        self.fields["file"].choices = choices  # type: ignore[attr-defined]
        if len(choices) == 1:
            del self.fields["file"]


@operator_view(Permission.VIEW_INVOICES, step_up=True)
def invoice_kept(request: SignedInRequest, operator: Operator, invoice_id: UUID) -> HttpResponse:
    """Say until when the document is kept, and send it to whoever says what for; the log keeps both."""
    invoice = invoice_or_404(invoice_id)
    if invoice.state != Invoice.State.ISSUED or invoice.issued_at is None:
        raise Http404
    has_xml = invoice.account.kind != Account.Kind.PRIVATE
    numbers = [int(each.external_id) for each in _told(invoice) if each.external_id.isdecimal()]
    has_signed = SignedRecord.objects.filter(number__in=numbers).exists()
    data = request.POST if request.method == "POST" else None
    form = WhyForm(data, initial={"file": "pdf"}, has_xml=has_xml, has_signed=has_signed)
    page: dict[str, Any] = {"nav": "invoices", "invoice": invoice, "form": form}
    page["until"] = for_books.until(invoice.issued_at, operator)
    page["is_kept"] = documents.is_for_books(invoice)
    if page["is_kept"] and form.is_valid():
        try:
            with bookkeeping.opened(Why(form.cleaned_data["why"]), about=invoice):
                return _file(invoice, form.cleaned_data.get("file", "pdf"))
        except Shut:
            page["is_over"] = True
        except CannotLeave:
            form.add_error("file", _("It cannot be an e-invoice. Take the PDF."))
    return render(request, "finance/invoices/kept.html", page, status=400 if form.errors else 200)


def _told(invoice: Invoice) -> QuerySet[ChargingSession]:
    """The sessions on it that stations told of."""
    return ChargingSession.objects.filter(billings__invoice=invoice, source=SOURCE).select_related("site")


def _file(invoice: Invoice, kind: str) -> HttpResponse:
    if kind == "signed":
        audit.record(Event.INVOICE_DOWNLOADED, about=invoice)
        return signed_values.all_of(_told(invoice))
    if kind == "xml":
        return xml_file(invoice, e_invoices.xml(invoice, at=timezone.now()))
    content = documents.pdf(invoice)
    audit.record(Event.INVOICE_DOWNLOADED, about=invoice)
    return pdf_file(str(invoice), content)
