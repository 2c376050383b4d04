"""Writing off what is open of an invoice, and taking that back."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from billing.domain import money
from billing.models import Invoice, WriteOff
from billing.models.write_off import LOWERS_VAT
from billing.selectors import payments
from billing.selectors import write_offs as selector
from billing.services import approved
from billing.services import second_person as services_of_two
from billing.services import write_offs as services
from portal.gate.access import SignedInRequest, operator_view
from portal.web import second_person
from portal.web.acts import attempted, told
from portal.web.finance.invoices import invoice_or_404
from portal.web.number_fields import TypedNumberField
from tenants.models import Operator
from tenants.permissions import Permission
from tenants.selectors import approvals
from tenants.services import four_eyes


class WriteOffForm(forms.Form):
    """How much of an invoice is given up, and why."""

    amount = TypedNumberField(label=_("Amount"), min_value=Decimal("0.001"), max_digits=13, decimal_places=3)
    why = forms.ChoiceField(
        label=_("Why"),
        choices=[
            (
                _("The loss is certain: its VAT is taken back"),
                [(each.value, each.label) for each in WriteOff.Why if each in LOWERS_VAT],
            ),
            (
                _("Otherwise: the VAT stays to be paid"),
                [(each.value, each.label) for each in WriteOff.Why if each not in LOWERS_VAT],
            ),
        ],
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=300, help_text=_("What shows it: a case number, a decision, a letter.")
    )


class BackForm(forms.Form):
    """Why a write-off is taken back."""

    reason = forms.CharField(label=_("Reason"), max_length=300)


@operator_view(Permission.ISSUE_INVOICES, step_up=True)
def invoice_write_off(request: SignedInRequest, operator: Operator, invoice_id: UUID) -> HttpResponse:
    """Give up what is open of an invoice, or ask a second person to let it be."""
    invoice = invoice_or_404(invoice_id)
    receivable = payments.receivable(invoice)
    if receivable is None:
        raise Http404
    left = money.from_minor(max(receivable.rest, 0), invoice.currency)
    form = WriteOffForm(request.POST or None, initial={"amount": left or None})
    needs_second = four_eyes.is_needed(approved.WRITE_OFF)
    answer = (_asked if needs_second else _done)(request, operator, invoice, form) if form.is_valid() else None
    if answer is not None:
        return answer
    page: dict[str, Any] = {"nav": "invoices", "invoice": invoice, "receivable": receivable, "form": form}
    page["needs_second"] = needs_second
    page["approval"] = approvals.open_about(approved.WRITE_OFF, invoice.public_id, at=timezone.now())
    return render(request, "finance/invoices/write_off.html", page, status=400 if form.errors else 200)


def _done(request: SignedInRequest, operator: Operator, invoice: Invoice, form: WriteOffForm) -> HttpResponse | None:
    given = {**form.cleaned_data, "by": request.user, "at": timezone.now()}
    if attempted(form, services.write_off, invoice, **given) is None:
        return None
    return redirect("finance:invoice_detail", operator.slug, invoice.public_id)


def _asked(request: SignedInRequest, operator: Operator, invoice: Invoice, form: WriteOffForm) -> HttpResponse | None:
    given = {**form.cleaned_data, "by": request.user, "at": timezone.now()}
    return second_person.ask(request, operator, lambda: services_of_two.ask_to_write_off(invoice, **given))


@operator_view(Permission.ISSUE_INVOICES)
@require_POST
def write_off_undo(request: SignedInRequest, operator: Operator, write_off_id: UUID) -> HttpResponse:
    """Take a write-off back; what it gave up is open again."""
    row, form = selector.one(write_off_id), BackForm(request.POST)
    if row is None:
        raise Http404
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    done = gettext("The write-off is taken back: the amount is open again.")
    told(request, done, services.undo, row, reason=reason, by=request.user, at=timezone.now())
    return redirect("finance:invoice_detail", operator.slug, row.invoice.public_id)
