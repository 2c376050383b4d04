"""Fees and discounts of payers: the list, one with what was charged of it, added, ended, taken back while unused."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_POST

from billing.models import Fee
from billing.selectors import fees
from billing.selectors.vat_rates import standard_rate
from billing.services import fees as services
from billing.services.fees import Agreed, Discount
from portal.files.tables import FileColumn
from portal.gate.access import SignedInRequest, operator_view
from portal.web import list_files, lists, tables
from portal.web.account_choice import AccountField
from portal.web.acts import attempted, told
from portal.web.number_fields import TypedNumberField
from portal.web.tables import Column, Table
from portal.words import invoices as invoice_words
from portal.words import measures, regions
from tenants.models import Account, Operator
from tenants.permissions import Permission
from tenants.selectors import accounts

FEES = Table(
    "fees",
    (
        Column("text", gettext_lazy("What"), by="text", is_fixed=True),
        Column("payer", gettext_lazy("Payer"), by="account__customer_number"),
        Column("price", gettext_lazy("Price"), by=Coalesce("price", "percent"), css="num"),
        Column("kind", gettext_lazy("Kind"), by="kind"),
        Column("since", gettext_lazy("From"), by="since", is_indexed=True),
        Column("until", gettext_lazy("To")),
        Column("charged", gettext_lazy("Charged until")),
        Column("booking", gettext_lazy("Booking account"), by="booking_account", is_optional=True),
        Column("reason", gettext_lazy("Reason"), is_optional=True),
    ),
    order="-since",
)
STATES = [
    ("", gettext_lazy("All")),
    (fees.RUNNING, gettext_lazy("In force or to come")),
    (fees.ENDED, gettext_lazy("Ended")),
]
#: What a fee's VAT is: the standard rate of the day, a rate of its own, or none at all.
STANDARD, OWN, NONE = "standard", "own", "none"
CHARGED_SHOWN = 60
YES_NO = {True: gettext_lazy("yes"), False: gettext_lazy("no")}


class FeeFilter(forms.Form):
    """What the list is narrowed to."""

    q = forms.CharField(label=gettext_lazy("Text or payer"), required=False, max_length=100, widget=forms.SearchInput)
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), choices=[("", gettext_lazy("All")), *Fee.Kind.choices], required=False
    )
    state = forms.ChoiceField(label=gettext_lazy("State"), choices=STATES, required=False)

    def criteria(self, operator: Operator) -> dict[str, Any]:
        """What `fees.listing` is asked for."""
        self.full_clean()
        data = self.cleaned_data
        return {
            "search": data.get("q", ""),
            "kind": data.get("kind", ""),
            "state": data.get("state", ""),
            "today": _today(operator),
        }


def _day() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class FeeForm(forms.Form):
    """What a payer agrees to pay. Whether it can be agreed like that is the service's to say."""

    account = AccountField(help_text=gettext_lazy("Customer number, name or organisation number."))
    text = forms.CharField(
        label=gettext_lazy("Text on the invoice"),
        max_length=100,
        help_text=gettext_lazy("What the payer reads, such as “Subscription of the parking space”."),
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("How often"),
        choices=[
            (Fee.Kind.MONTHLY.value, gettext_lazy("Every month, pro rata by day")),
            (Fee.Kind.YEARLY.value, gettext_lazy("Every year in advance, pro rata by day")),
            (Fee.Kind.ONCE.value, gettext_lazy("Charged once")),
            (Fee.Kind.CREDIT.value, gettext_lazy("Credited once")),
        ],
    )
    per = forms.ChoiceField(
        label=gettext_lazy("For each"),
        choices=Fee.Per.choices,
        initial=Fee.Per.ACCOUNT,
        required=False,
        help_text=gettext_lazy(
            "Drivers and cards are counted on the days on which they belong to the payer. What is charged once is the"
            " payer's."
        ),
    )
    price = TypedNumberField(min_value=Decimal("0.01"), max_digits=10, decimal_places=2)
    tax_included = forms.BooleanField(label=gettext_lazy("The price includes VAT"), required=False)
    vat = forms.ChoiceField(label=gettext_lazy("VAT"), initial=STANDARD)
    vat_rate = TypedNumberField(
        label=gettext_lazy("Other VAT rate, %"),
        required=False,
        min_value=0,
        max_value=100,
        max_digits=5,
        decimal_places=2,
    )
    booking_account = forms.RegexField(
        r"^\d{3,10}$",
        label=gettext_lazy("Booking account"),
        required=False,
        help_text=gettext_lazy("The account in your bookkeeping, such as 3001. It is shown in the downloads."),
        error_messages={"invalid": gettext_lazy("A booking account has three to ten digits.")},
    )
    since = forms.DateField(label=gettext_lazy("From"), widget=_day(), help_text=gettext_lazy("The first day."))
    until = forms.DateField(
        label=gettext_lazy("To"),
        required=False,
        widget=_day(),
        help_text=gettext_lazy("The last day. Empty: until further notice."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        required=False,
        max_length=300,
        help_text=gettext_lazy("For your colleagues; needed for what is charged or given back once."),
    )

    def __init__(self, *args: Any, operator: Operator, account: Account | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if account is not None:
            del self.fields["account"]
        vat: Any = self.fields["vat"]
        vat.choices = _vat_choices(operator)
        self.fields["price"].label = gettext("Price, %(currency)s") % {"currency": operator.currency}

    def clean(self) -> dict[str, Any]:
        """Ask for the rate where it is one of its own."""
        data = super().clean() or {}
        if data.get("vat") == OWN and data.get("vat_rate") is None and "vat_rate" not in self.errors:
            self.add_error("vat_rate", gettext("Give the rate."))
        return data

    def said(self) -> Agreed:
        """What is agreed. The form is valid."""
        data = {name: value for name, value in self.cleaned_data.items() if name not in ("account", "vat", "vat_rate")}
        vat, rate = self.cleaned_data["vat"], self.cleaned_data["vat_rate"]
        data["per"] = data["per"] or Fee.Per.ACCOUNT
        return Agreed(**data, has_standard_rate=vat == STANDARD, vat_rate=rate if vat == OWN else None)


def _vat_choices(operator: Operator) -> list[tuple[str, Any]]:
    known = standard_rate(operator.country, _today(operator))
    standard = gettext("Standard rate, %(country)s: %(rate)s")
    facts = {"country": regions.country(operator.country), "rate": measures.vat_rate(known.percent if known else None)}
    return [
        (STANDARD, standard % facts),
        (OWN, gettext_lazy("Another rate")),
        (NONE, gettext_lazy("No VAT: outside the scope of VAT")),
    ]


class DiscountForm(forms.Form):
    """What is taken off what a payer pays. Whether it can be is the service's to say."""

    account = AccountField(help_text=gettext_lazy("Customer number, name or organisation number."))
    text = forms.CharField(label=gettext_lazy("Text on the invoice"), max_length=100, initial=gettext_lazy("Discount"))
    taken_off = forms.ChoiceField(
        label=gettext_lazy("Discount on"),
        choices=[
            (Fee.TakenOff.ENERGY.value, gettext_lazy("Energy")),
            (Fee.TakenOff.ALL.value, gettext_lazy("All charging and fees, but not credits")),
        ],
    )
    percent = TypedNumberField(
        label=gettext_lazy("Percentage"),
        required=False,
        min_value=Decimal("0.01"),
        max_value=100,
        max_digits=5,
        decimal_places=2,
    )
    amount = TypedNumberField(
        required=False,
        min_value=Decimal("0.01"),
        max_digits=10,
        decimal_places=2,
        help_text=gettext_lazy(
            "With VAT or without, as the prices it is taken off. At most what they come to; a month in which it begins"
            " or ends is shared by days."
        ),
    )
    since = forms.DateField(label=gettext_lazy("From"), widget=_day(), help_text=gettext_lazy("The first day."))
    until = forms.DateField(
        label=gettext_lazy("To"),
        required=False,
        widget=_day(),
        help_text=gettext_lazy("The last day. Empty: until further notice."),
    )
    booking_account = forms.RegexField(
        r"^\d{3,10}$",
        label=gettext_lazy("Booking account"),
        required=False,
        error_messages={"invalid": gettext_lazy("A booking account has three to ten digits.")},
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"), required=False, max_length=300, help_text=gettext_lazy("For your colleagues.")
    )

    def __init__(self, *args: Any, operator: Operator, account: Account | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if account is not None:
            del self.fields["account"]
        self.fields["amount"].label = gettext("Or an amount a month, %(currency)s") % {"currency": operator.currency}

    def said(self) -> Discount:
        """What is given. The form is valid."""
        return Discount(**{name: value for name, value in self.cleaned_data.items() if name != "account"})


class EndForm(forms.Form):
    """The last day of a fee."""

    until = forms.DateField(
        label=gettext_lazy("Last day"),
        required=False,
        widget=_day(),
        help_text=gettext_lazy("Empty: until further notice."),
    )


@operator_view(Permission.VIEW_INVOICES)
def fee_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List the fees of all payers, the newest first."""
    if tidy := lists.untidy(request):
        return tidy
    filters, rows, shown = _listed(request, operator)
    page = {"nav": "fees", "filters": filters, "shown": shown, "page": shown.page(rows, request)}
    return render(request, "finance/fees/list.html", page)


@operator_view(Permission.VIEW_INVOICES, takes_out=True)
def fee_export(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send exactly the listed fees as a file, in their order."""
    filters, rows, shown = _listed(request, operator)
    return list_files.answer(
        request,
        shown,
        rows,
        filters=filters,
        columns=_file_columns(),
        back=reverse("finance:fee_list", args=[operator.slug]),
    )


def _listed(request: SignedInRequest, operator: Operator) -> tuple[FeeFilter, QuerySet[Fee], tables.Shown]:
    filters = FeeFilter(request.GET)
    rows = fees.listing(**filters.criteria(operator))
    return filters, rows, tables.shown(FEES, request).within(rows)


def _file_columns() -> list[FileColumn]:
    return [
        FileColumn(gettext("Text on the invoice"), lambda row: row.text),
        FileColumn(gettext("Customer number"), lambda row: row.account.customer_number),
        FileColumn(gettext("Payer"), lambda row: row.account.name),
        FileColumn(gettext("Kind"), lambda row: str(row.get_kind_display())),
        FileColumn(gettext("For each"), lambda row: str(row.get_per_display())),
        FileColumn(gettext("Price"), lambda row: -row.price if row.price and row.takes_away else row.price),
        FileColumn(gettext("Percentage"), lambda row: row.percent),
        FileColumn(gettext("Discount on"), lambda row: str(row.get_taken_off_display())),
        FileColumn(gettext("Currency"), lambda row: row.currency),
        FileColumn(gettext("The price includes VAT"), lambda row: YES_NO[row.tax_included]),
        FileColumn(gettext("VAT, %"), lambda row: row.vat_rate),
        FileColumn(gettext("Standard rate of"), lambda row: row.vat_country),
        FileColumn(gettext("Booking account"), lambda row: row.booking_account),
        FileColumn(gettext("From"), lambda row: row.since),
        FileColumn(gettext("To"), lambda row: row.until),
        FileColumn(gettext("Charged until"), lambda row: row.charged_until),
        FileColumn(gettext("Reason"), lambda row: row.reason),
    ]


@operator_view(Permission.VIEW_INVOICES)
def fee_detail(request: SignedInRequest, operator: Operator, fee_id: UUID) -> HttpResponse:
    """Show a fee with what was agreed and what was charged of it."""
    return _detail(request, operator, _fee_or_404(fee_id))


def _detail(
    request: SignedInRequest, operator: Operator, fee: Fee, form: EndForm | None = None, *, status: int = 200
) -> HttpResponse:
    lines = list(fees.billed(fee)[: CHARGED_SHOWN + 1])
    page = {
        "nav": "fees",
        "fee": fee,
        "charged": list(zip(lines, invoice_words.of_fees(lines), strict=True))[:CHARGED_SHOWN],
        "has_more": len(lines) > CHARGED_SHOWN,
        "form": form or EndForm(initial={"until": fee.until}),
    }
    return render(request, "finance/fees/detail.html", page, status=status)


@operator_view(Permission.MANAGE_ACCOUNTS)
def fee_new(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Agree on a fee, a single charge or a credit; of the payer named in the address, or of one that is typed."""
    account = _asked(request)
    initial = {"since": _today(operator), "vat": _usual_vat(operator)}
    form = FeeForm(request.POST or None, operator=operator, account=account, initial=initial)
    if form.is_valid():
        payer = account or form.cleaned_data["account"]
        fee = attempted(form, services.add, payer, form.said(), today=_today(operator))
        if fee is not None:
            return redirect("finance:fee_detail", operator.slug, fee.public_id)
    page = {"nav": "fees", "form": form, "account": account}
    return render(request, "finance/fees/form.html", page, status=400 if form.errors else 200)


@operator_view(Permission.MANAGE_ACCOUNTS)
def discount_new(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Give a discount; to the payer named in the address, or to one that is typed."""
    account = _asked(request)
    form = DiscountForm(request.POST or None, operator=operator, account=account, initial={"since": _today(operator)})
    if form.is_valid():
        payer = account or form.cleaned_data["account"]
        fee = attempted(form, services.give, payer, form.said(), today=_today(operator))
        if fee is not None:
            return redirect("finance:fee_detail", operator.slug, fee.public_id)
    page = {"nav": "fees", "form": form, "account": account}
    return render(request, "finance/fees/discount.html", page, status=400 if form.errors else 200)


@operator_view(Permission.MANAGE_ACCOUNTS)
@require_POST
def fee_end(request: SignedInRequest, operator: Operator, fee_id: UUID) -> HttpResponse:
    """Say with which day a fee ends, or that it goes on."""
    fee, form = _fee_or_404(fee_id), EndForm(request.POST)
    if form.is_valid() and attempted(form, services.end, fee, until=form.cleaned_data["until"]) is not None:
        return redirect("finance:fee_detail", operator.slug, fee.public_id)
    return _detail(request, operator, fee, form, status=400)


@operator_view(Permission.MANAGE_ACCOUNTS)
@require_POST
def fee_remove(request: SignedInRequest, operator: Operator, fee_id: UUID) -> HttpResponse:
    """Take back a fee of which nothing was charged."""
    fee = _fee_or_404(fee_id)
    told(request, gettext("“%(fee)s” was removed.") % {"fee": fee}, services.remove, fee)
    return redirect("finance:fee_list", operator.slug)


def _fee_or_404(fee_id: UUID) -> Fee:
    fee = fees.one(fee_id)
    if fee is None:
        raise Http404
    return fee


def _asked(request: SignedInRequest) -> Account | None:
    """The payer named in the address, if it is one."""
    try:
        named = UUID(request.GET.get("account", ""))
    except ValueError:
        return None
    return accounts.one(named)


def _usual_vat(operator: Operator) -> str:
    return STANDARD if standard_rate(operator.country, _today(operator)) else OWN


def _today(operator: Operator) -> date:
    return timezone.now().astimezone(operator.zone).date()
