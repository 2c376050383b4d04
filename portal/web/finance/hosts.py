"""Contracts with site hosts: the list, one with its statements, agreed, corrected while nothing is closed, ended."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_POST

from billing.models import HostContract
from billing.selectors import e_invoices
from billing.selectors import settlements as selector
from billing.selectors.vat_rates import standard_rate
from billing.services import host_contracts as services
from billing.services.host_contracts import Agreed
from charging.models import Site
from portal.files.tables import FileColumn
from portal.gate.access import SignedInRequest, operator_view
from portal.web import list_files, lists, tables
from portal.web.account_choice import AccountField
from portal.web.acts import attempted
from portal.web.number_fields import TypedNumberField
from portal.web.sensible_days import SENSIBLE
from portal.web.tables import Column, Table
from portal.words import e_invoices as e_invoice_words
from portal.words import measures, regions
from tenants.models import Operator
from tenants.permissions import Permission
from tenants.selectors import accounts

HOSTS = Table(
    "hosts",
    (
        Column("contract", gettext_lazy("Contract"), by="name", is_fixed=True),
        Column("host", gettext_lazy("Host"), opened="account__identity__name"),
        Column("sites", gettext_lazy("Sites")),
        Column("gets", gettext_lazy("Gets")),
        Column("since", gettext_lazy("From"), by="since", css="rest", is_indexed=True),
        Column("until", gettext_lazy("To"), css="rest"),
    ),
    order="-since",
)
#: What the host's VAT is: the standard rate, a rate of its own, or none.
STANDARD, OWN, NONE = "standard", "own", "none"
#: So many statements are shown below their contract; all of a month stand in its settlement.
STATEMENTS_SHOWN = 36


def _day(label: Any, **more: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, validators=list(SENSIBLE), widget=widget, **more)


def _amount(label: Any, **more: Any) -> TypedNumberField:
    return TypedNumberField(label=label, required=False, min_value=0, max_digits=10, decimal_places=2, **more)


class ContractForm(forms.Form):
    """What a host is to get, for which sites and when. Whether it can be agreed like that is the service's to say."""

    account = AccountField(
        label=gettext_lazy("Host"),
        kind=accounts.ALL,
        help_text=gettext_lazy("Customer number or name of who owns the site. Add it among the payers first."),
    )
    name = forms.CharField(
        label=gettext_lazy("Name of the contract"),
        max_length=100,
        help_text=gettext_lazy("Such as its number. It is shown on every statement."),
    )
    sites: Any = forms.ModelMultipleChoiceField(
        Site.objects.none(), label=gettext_lazy("Sites"), widget=forms.CheckboxSelectMultiple
    )
    since = _day(gettext_lazy("From"), help_text=gettext_lazy("The first day."))
    until = _day(
        gettext_lazy("To"), required=False, help_text=gettext_lazy("The last day. Empty: until further notice.")
    )
    share = TypedNumberField(
        label=gettext_lazy("Share of the revenue, %"),
        required=False,
        min_value=0,
        max_value=100,
        max_digits=5,
        decimal_places=2,
        help_text=gettext_lazy("Of what was billed at the sites, without VAT and before discounts."),
    )
    kwh_price = TypedNumberField(
        label=gettext_lazy("For each kWh"),
        required=False,
        min_value=0,
        max_digits=8,
        decimal_places=4,
        help_text=gettext_lazy("Such as the cost of the electricity, without VAT."),
    )
    rent = _amount(
        gettext_lazy("Fixed amount a month"), help_text=gettext_lazy("Paid to the host, without VAT, pro rata by day.")
    )
    fee = _amount(
        gettext_lazy("Deduction a month"),
        help_text=gettext_lazy("Taken off what the host gets, without VAT, pro rata by day."),
    )
    floor = _amount(
        gettext_lazy("At least, a month"),
        help_text=gettext_lazy("Guaranteed whatever was charged. Empty: nothing is, and a month may end below zero."),
    )
    least_payout = _amount(
        gettext_lazy("Smallest payout"),
        help_text=gettext_lazy("What is owed below it is carried over to the next month."),
    )
    vat = forms.ChoiceField(label=gettext_lazy("VAT"))
    vat_rate = TypedNumberField(
        label=gettext_lazy("Other VAT rate, %"),
        required=False,
        min_value=0,
        max_value=100,
        max_digits=5,
        decimal_places=2,
    )
    is_self_billed = forms.BooleanField(
        label=gettext_lazy("We write the host's invoices (self-billing)"),
        required=False,
        help_text=gettext_lazy("Only with an agreement, in which the host approves each invoice."),
    )
    agreed_on = _day(gettext_lazy("Self-billing agreed on"), required=False)
    objection_days = forms.IntegerField(
        label=gettext_lazy("Days to object"),
        required=False,
        min_value=1,
        max_value=365,
        help_text=gettext_lazy("After them silence is consent, if that was agreed. Empty: the host has to approve."),
    )

    def __init__(self, *args: Any, operator: Operator, contract: HostContract | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if contract is not None:
            del self.fields["account"]
        self.fields["sites"].queryset = Site.objects.order_by("name")  # type: ignore[attr-defined]
        vat: Any = self.fields["vat"]
        vat.choices = _vat_choices(operator)
        for name in ("kwh_price", "rent", "fee", "floor", "least_payout"):
            self.fields[name].label = f"{self.fields[name].label}, {operator.currency}"

    def clean(self) -> dict[str, Any]:
        """Ask for the rate where it is one of its own."""
        data = super().clean() or {}
        if data.get("vat") == OWN and data.get("vat_rate") is None and "vat_rate" not in self.errors:
            self.add_error("vat_rate", gettext("Give the rate."))
        return data

    def said(self) -> Agreed:
        """What is agreed. The form is valid."""
        data = {name: value for name, value in self.cleaned_data.items() if name not in ("account", "vat", "vat_rate")}
        for name in ("share", "kwh_price", "rent", "fee", "least_payout"):
            data[name] = data[name] or Decimal(0)
        vat, rate = self.cleaned_data["vat"], self.cleaned_data["vat_rate"]
        return Agreed(
            **{**data, "sites": list(data["sites"])},
            has_standard_rate=vat == STANDARD,
            vat_rate=rate if vat == OWN else None,
        )


def _vat_choices(operator: Operator) -> list[tuple[str, Any]]:
    known = standard_rate(operator.country, _today(operator))
    standard = gettext("Standard rate, %(country)s: %(rate)s")
    facts = {"country": regions.country(operator.country), "rate": measures.vat_rate(known.percent if known else None)}
    return [
        (STANDARD, standard % facts),
        (OWN, gettext_lazy("Another rate")),
        (NONE, gettext_lazy("None: the host is not registered for VAT")),
    ]


class EndForm(forms.Form):
    """The last day of a contract."""

    until = _day(gettext_lazy("Last day"), required=False, help_text=gettext_lazy("Empty: until further notice."))


class HostFilter(forms.Form):
    """Which contracts are listed."""

    search = forms.CharField(
        label=gettext_lazy("Contract or host"), required=False, max_length=100, widget=forms.SearchInput
    )
    ended = forms.BooleanField(label=gettext_lazy("Also those that have ended"), required=False)


@operator_view(Permission.VIEW_INVOICES)
def host_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List the contracts, the newest first unless sorted otherwise."""
    if tidy := lists.untidy(request):
        return tidy
    filters = HostFilter(request.GET)
    rows = _listed(filters, operator)
    shown = tables.shown(HOSTS, request).within(rows)
    page = {"nav": "hosts", "filters": filters, "shown": shown, "page": shown.page(rows, request)}
    page["has_any"] = selector.contracts().exists()
    return render(request, "finance/hosts/list.html", page)


@operator_view(Permission.VIEW_INVOICES, step_up=True, takes_out=True)
def host_export(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send exactly the listed contracts as a file."""
    filters = HostFilter(request.GET)
    return list_files.answer(
        request,
        tables.shown(HOSTS, request),
        _listed(filters, operator),
        filters=filters,
        columns=_file_columns(),
        back=reverse("finance:host_list", args=[operator.slug]),
    )


def _listed(filters: HostFilter, operator: Operator) -> QuerySet[HostContract]:
    asked = filters.cleaned_data if filters.is_valid() else {}
    return selector.contracts(asked.get("search", ""), in_force=None if asked.get("ended") else _today(operator))


def _file_columns() -> list[FileColumn]:
    return [
        FileColumn(gettext("Contract"), lambda row: row.name),
        FileColumn(gettext("Customer number"), lambda row: row.account.customer_number),
        FileColumn(gettext("Host"), lambda row: row.account.name),
        FileColumn(gettext("Sites"), lambda row: ", ".join(part.site.name for part in row.sites.all())),
        FileColumn(gettext("From"), lambda row: row.since),
        FileColumn(gettext("To"), lambda row: row.until),
        FileColumn(gettext("Share of the revenue, %"), lambda row: row.share),
        FileColumn(gettext("For each kWh"), lambda row: row.kwh_price),
        FileColumn(gettext("Fixed amount a month"), lambda row: row.rent),
        FileColumn(gettext("Deduction a month"), lambda row: row.fee),
        FileColumn(gettext("At least, a month"), lambda row: row.floor),
        FileColumn(gettext("Smallest payout"), lambda row: row.least_payout),
        FileColumn(gettext("Currency"), lambda row: row.currency),
        FileColumn(gettext("Self-billing"), lambda row: row.is_self_billed),
    ]


@operator_view(Permission.VIEW_INVOICES)
def host_detail(request: SignedInRequest, operator: Operator, contract_id: UUID) -> HttpResponse:
    """Show a contract with what was agreed and its statements."""
    return _detail(request, operator, _contract_or_404(contract_id))


def _detail(
    request: SignedInRequest,
    operator: Operator,
    contract: HostContract,
    form: EndForm | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    page = {
        "nav": "hosts",
        "contract": contract,
        "statements": list(selector.statements_of(contract)[:STATEMENTS_SHOWN]),
        "settled_until": services.settled_until(contract),
        "form": form or EndForm(initial={"until": contract.until}),
        "lacks": e_invoice_words.lacks(e_invoices.of_host(contract, operator, at=timezone.now())),
    }
    return render(request, "finance/hosts/detail.html", page, status=status)


@operator_view(Permission.MANAGE_ACCOUNTS)
def host_new(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Agree on what a host gets."""
    initial = {"since": _today(operator).replace(day=1), "vat": STANDARD}
    form = ContractForm(request.POST or None, operator=operator, initial=initial)
    if form.is_valid():
        contract = attempted(form, services.add, form.cleaned_data["account"], form.said(), at=timezone.now())
        if contract is not None:
            return redirect("finance:host_detail", operator.slug, contract.public_id)
    page = {"nav": "hosts", "form": form, "contract": None}
    return render(request, "finance/hosts/form.html", page, status=400 if form.errors else 200)


@operator_view(Permission.MANAGE_ACCOUNTS)
def host_edit(request: SignedInRequest, operator: Operator, contract_id: UUID) -> HttpResponse:
    """Correct a contract of which no statement is closed."""
    contract = _contract_or_404(contract_id)
    form = ContractForm(request.POST or None, operator=operator, contract=contract, initial=_initial(contract))
    if form.is_valid() and attempted(form, services.change, contract, form.said(), at=timezone.now()) is not None:
        return redirect("finance:host_detail", operator.slug, contract.public_id)
    page = {"nav": "hosts", "form": form, "contract": contract}
    return render(request, "finance/hosts/form.html", page, status=400 if form.errors else 200)


@operator_view(Permission.MANAGE_ACCOUNTS)
@require_POST
def host_end(request: SignedInRequest, operator: Operator, contract_id: UUID) -> HttpResponse:
    """Say with which day a contract ends, or that it goes on."""
    contract, form = _contract_or_404(contract_id), EndForm(request.POST)
    if form.is_valid():
        until = form.cleaned_data["until"]
        if attempted(form, services.end, contract, until=until, at=timezone.now()) is not None:
            return redirect("finance:host_detail", operator.slug, contract.public_id)
    return _detail(request, operator, contract, form, status=400)


def _initial(contract: HostContract) -> dict[str, Any]:
    names = (
        *("name", "since", "until", "share", "kwh_price", "rent", "fee", "floor", "least_payout"),
        *("vat_rate", "is_self_billed", "agreed_on", "objection_days"),
    )
    vat = STANDARD if contract.vat_country else NONE if contract.vat_rate is None else OWN
    sites = [row.site_id for row in contract.sites.all()]
    return {name: getattr(contract, name) for name in names} | {"vat": vat, "sites": sites}


def _contract_or_404(contract_id: UUID) -> HostContract:
    contract = selector.contract(contract_id)
    if contract is None:
        raise Http404
    return contract


def _today(operator: Operator) -> date:
    return timezone.now().astimezone(operator.zone).date()
