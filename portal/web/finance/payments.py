"""Payments: the list, what waits for a person, one payment with what it was for, and what a person says of it."""

from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from billing.domain import money
from billing.models import Invoice, Payment, PaymentMatch
from billing.selectors import numbers
from billing.selectors import payments as selector
from billing.services import payments as services
from portal.files.tables import FileColumn
from portal.gate.access import SignedInRequest, operator_view
from portal.web import list_files, lists, tables
from portal.web.account_choice import AccountField
from portal.web.acts import attempted, told
from portal.web.finance.invoices import invoice_or_404
from portal.web.number_fields import TypedNumberField
from portal.web.periods import DayField, PeriodForm
from portal.web.tables import Column, Table
from portal.words import payments as words
from portal.words.states import told as state_of
from tenants.models import Operator
from tenants.permissions import Permission
from tenants.selectors import accounts

PAYMENTS = Table(
    "payments",
    (
        Column("paid", _("Paid"), by="paid_on", is_indexed=True, is_fixed=True),
        Column("payer", _("Payer")),
        Column("reference", _("Reference")),
        Column("message", _("Message"), is_optional=True),
        Column("state", _("State")),
        Column("to", _("To account"), is_optional=True),
        Column("rest", _("Not matched"), css="num"),
        Column("amount", _("Amount"), by="amount", css="num", is_indexed=True),
    ),
    order="-paid",
)
STATES = [
    ("", _("All")),
    (selector.WAITING, _("waits for a person")),
    (selector.MATCHED, _("matched")),
    (selector.ON_ACCOUNT, _("kept on the account")),
]
#: Of those that wait, with what each may be for.
WAITING_SHOWN = 15
#: Of invoices of which too much was paid; further ones follow when these are done.
TOO_MUCH_SHOWN = 50


class PaymentFilter(PeriodForm):
    """Which payments are listed. Days are those on which they were paid."""

    search = forms.CharField(
        label=_("Invoice, OCR or amount"), required=False, max_length=100, widget=forms.SearchInput
    )
    state = forms.ChoiceField(label=_("State"), choices=STATES, required=False)

    @cached_property
    def rows(self) -> QuerySet[Payment]:
        """The payments that the filter means; none when it cannot be read."""
        if not self.is_valid():
            return Payment.objects.none()
        data = self.cleaned_data
        return selector.listing(state=data["state"], search=data["search"], since=data["since"], until=data["until"])


class ForInvoiceForm(forms.Form):
    """Which invoice a payment was for, by its number or its reference."""

    number = forms.CharField(label=_("Invoice number or OCR"), max_length=40)

    def clean_number(self) -> Invoice:
        """The one invoice that is meant."""
        words_ = self.cleaned_data["number"]
        meant = Invoice.objects.filter(pk__in=numbers.numbered(words_), state=Invoice.State.ISSUED)
        rows = {row.credits_id or row.pk for row in meant}
        if len(rows) != 1:
            raise forms.ValidationError(gettext("No invoice has this number, or several have. Type the OCR reference."))
        found: Invoice = Invoice.objects.select_related("account").get(pk=rows.pop())
        return found


class KeepForm(forms.Form):
    """On whose account a payment stands."""

    account = AccountField(help_text=_("Customer number, name or organisation number."), kind=accounts.ALL)


class ReasonForm(forms.Form):
    """Why something is undone or paid back."""

    reason = forms.CharField(label=_("Reason"), max_length=300)


class RecordForm(forms.Form):
    """A payment that no file tells of."""

    amount = TypedNumberField(label=_("Amount"), min_value=Decimal("0.01"), max_digits=13, decimal_places=2)
    paid_on = DayField(label=_("Paid"))
    text = forms.CharField(
        label=_("Note"), required=False, max_length=500, help_text=_("How it was paid, or a number of the bank's.")
    )


@operator_view(Permission.VIEW_INVOICES)
def payment_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List the payments, the newest first unless sorted otherwise."""
    if tidy := lists.untidy(request):
        return tidy
    filters = PaymentFilter(request.GET, operator=operator)
    shown = tables.shown(PAYMENTS, request).within(filters.rows)
    page = {"nav": "payments", "filters": filters, "shown": shown, "page": shown.page(filters.rows, request)}
    return render(request, "finance/payments/list.html", page)


@operator_view(Permission.VIEW_INVOICES, step_up=True, takes_out=True)
def payment_export(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send exactly the listed payments as a file, in their order."""
    filters = PaymentFilter(request.GET, operator=operator)
    return list_files.answer(
        request,
        tables.shown(PAYMENTS, request),
        filters.rows,
        filters=filters,
        columns=_file_columns(),
        back=reverse("finance:payment_list", args=[operator.slug]),
    )


def _file_columns() -> list[FileColumn]:
    return [
        FileColumn(gettext("Paid"), lambda row: row.paid_on),
        FileColumn(gettext("Payer"), lambda row: row.payer_name),
        FileColumn(gettext("Payer's account"), lambda row: row.payer_account),
        FileColumn(gettext("To account"), lambda row: row.to_account),
        FileColumn(gettext("Reference"), lambda row: " ".join(row.given)),
        FileColumn(gettext("Message"), lambda row: row.text),
        FileColumn(gettext("State"), lambda row: str(state_of(row).label)),
        FileColumn(gettext("Currency"), lambda row: row.currency),
        FileColumn(gettext("Amount"), lambda row: money.from_minor(row.amount, row.currency), is_amount=True),
        FileColumn(gettext("Not matched"), lambda row: money.from_minor(row.rest, row.currency), is_amount=True),
    ]


@operator_view(Permission.VIEW_INVOICES)
def payment_waiting(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show what waits for a person, each with why and what it may be for."""
    rows = selector.listing(state=selector.WAITING)
    page = lists.page(rows, request, by="paid_on", size=WAITING_SHOWN)
    found = {"nav": "payments", "page": page, "waiting": words.waiting(selector.waiting(page.rows))}
    found["too_much"] = selector.paid_too_much()[:TOO_MUCH_SHOWN]
    return render(request, "finance/payments/waiting.html", found)


@operator_view(Permission.VIEW_INVOICES)
def payment_detail(request: SignedInRequest, operator: Operator, payment_id: UUID) -> HttpResponse:
    """Show a payment as the bank told it, and what it was for."""
    return _detail(request, _payment_or_404(payment_id))


def _detail(request: SignedInRequest, payment: Payment, *, status: int = 200, **forms_: forms.Form) -> HttpResponse:
    waits = words.waiting(selector.waiting([payment], by_name=True))[0] if payment.rest else None
    page: dict[str, Any] = {
        "nav": "payments",
        "payment": payment,
        "matches": selector.matches(payment),
        "waits": waits,
        "settle_form": ForInvoiceForm(),
        "keep_form": KeepForm(),
        "back_form": ReasonForm(prefix="back"),
        "undo_form": ReasonForm(prefix="undo"),
    }
    return render(request, "finance/payments/detail.html", page | forms_, status=status)


@operator_view(Permission.MANAGE_PAYMENTS)
@require_POST
def payment_settle(request: SignedInRequest, operator: Operator, payment_id: UUID) -> HttpResponse:
    """Match what is left of a payment with the invoice that a person names."""
    payment, form = _payment_or_404(payment_id), ForInvoiceForm(request.POST)
    if form.is_valid():
        invoice, how = form.cleaned_data["number"], PaymentMatch.How.HAND
        if attempted(form, services.settle, payment, invoice, how=how, by=request.user) is not None:
            return redirect("finance:payment_detail", operator.slug, payment.public_id)
    return _detail(request, payment, status=400, settle_form=form)


@operator_view(Permission.MANAGE_PAYMENTS)
@require_POST
def payment_confirm(request: SignedInRequest, operator: Operator, payment_id: UUID, invoice_id: UUID) -> HttpResponse:
    """Match what is left of a payment with the invoice that was proposed."""
    payment, invoice = _payment_or_404(payment_id), invoice_or_404(invoice_id)
    done = gettext("The payment was matched with %(invoice)s.") % {"invoice": invoice}
    told(request, done, services.settle, payment, invoice, how=PaymentMatch.How.NOD, by=request.user)
    return redirect("finance:payment_waiting", operator.slug)


@operator_view(Permission.MANAGE_PAYMENTS)
@require_POST
def payment_keep(request: SignedInRequest, operator: Operator, payment_id: UUID) -> HttpResponse:
    """Let what is left of a payment stand on a payer's account."""
    payment, form = _payment_or_404(payment_id), KeepForm(request.POST)
    if (
        form.is_valid()
        and attempted(form, services.keep, payment, form.cleaned_data["account"], by=request.user) is not None
    ):
        return redirect("finance:payment_detail", operator.slug, payment.public_id)
    return _detail(request, payment, status=400, keep_form=form)


@operator_view(Permission.MANAGE_PAYMENTS)
@require_POST
def payment_back(request: SignedInRequest, operator: Operator, payment_id: UUID) -> HttpResponse:
    """Keep that what is left of a payment was paid back."""
    payment, form = _payment_or_404(payment_id), ReasonForm(request.POST, prefix="back")
    if (
        form.is_valid()
        and attempted(form, services.pay_back, payment, reason=form.cleaned_data["reason"], by=request.user) is not None
    ):
        return redirect("finance:payment_detail", operator.slug, payment.public_id)
    return _detail(request, payment, status=400, back_form=form)


@operator_view(Permission.MANAGE_PAYMENTS)
@require_POST
def payment_free(request: SignedInRequest, operator: Operator, invoice_id: UUID) -> HttpResponse:
    """Let what was paid too much of an invoice wait, and show the payment it is left of."""
    invoice = invoice_or_404(invoice_id)
    done = gettext("Say what the rest of the payment is for, or that it was paid back.")
    freed = told(request, done, services.free, invoice, by=request.user)
    if not freed:
        return redirect("finance:payment_waiting", operator.slug)
    return redirect("finance:payment_detail", operator.slug, freed[0].public_id)


@operator_view(Permission.MANAGE_PAYMENTS)
@require_POST
def match_undo(request: SignedInRequest, operator: Operator, payment_id: UUID, match_id: UUID) -> HttpResponse:
    """Undo a match; its amount waits again."""
    payment, form = _payment_or_404(payment_id), ReasonForm(request.POST, prefix="undo")
    match = selector.matches(payment).filter(public_id=match_id).first()
    if match is None:
        raise Http404
    if (
        form.is_valid()
        and attempted(form, services.undo, match, reason=form.cleaned_data["reason"], by=request.user) is not None
    ):
        return redirect("finance:payment_detail", operator.slug, payment.public_id)
    return _detail(request, payment, status=400, undo_form=form)


@operator_view(Permission.MANAGE_PAYMENTS)
def invoice_payment(request: SignedInRequest, operator: Operator, invoice_id: UUID) -> HttpResponse:
    """Record a payment of an invoice by hand."""
    invoice = invoice_or_404(invoice_id)
    receivable = selector.receivable(invoice)
    if receivable is None:
        raise Http404
    today = timezone.now().astimezone(operator.zone).date()
    left = money.from_minor(max(receivable.rest, 0), invoice.currency)
    form = RecordForm(request.POST or None, initial={"amount": left or None, "paid_on": today})
    if (
        form.is_valid()
        and attempted(form, services.record, invoice, **form.cleaned_data, by=request.user, today=today) is not None
    ):
        return redirect("finance:invoice_detail", operator.slug, invoice.public_id)
    page = {"nav": "payments", "form": form, "invoice": invoice, "receivable": receivable}
    return render(request, "finance/payments/record.html", page, status=400 if form.errors else 200)


def _payment_or_404(payment_id: UUID) -> Payment:
    payment = selector.one(payment_id)
    if payment is None:
        raise Http404
    return payment
