"""Payers: the list, one with its drivers, cards and invoices, the form, and moving a driver or card to one.

A payer's page may show a person, so reading it is recorded.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.db.models import Model
from django.forms.models import model_to_dict
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from billing.selectors import assignments, e_invoices, fees
from billing.selectors import invoices as billed
from billing.services import account_moves, dealers
from billing.services.account_moves import Moved
from charging.models import Token
from charging.selectors import account_members
from portal.files.tables import FileColumn
from portal.gate.access import SignedInRequest, operator_view
from portal.gate.events import Event
from portal.web import list_files, lists, tables
from portal.web.account_choice import AccountField, CardField
from portal.web.acts import attempted
from portal.web.number_fields import TypedNumberField
from portal.web.sensible_days import SENSIBLE
from portal.web.staff.country_choice import CountryField
from portal.web.staff.driver_choice import DriverField
from portal.web.tables import Column, Table
from portal.words import e_invoices as e_invoice_words
from tenants.log import audit
from tenants.models import Account, Driver, DriverIdentity, Operator
from tenants.permissions import Permission
from tenants.selectors import accounts, invitations
from tenants.selectors.people import in_order
from tenants.services.people import accounts as services
from tenants.services.people import drivers

INVOICES_SHOWN = 24
FEES_SHOWN = 24
MEMBERS_SHOWN = 200

ACCOUNTS = Table(
    "accounts",
    (
        Column("number", gettext_lazy("Customer number"), by="customer_number", is_indexed=True, is_fixed=True),
        Column("name", gettext_lazy("Name"), opened="identity__name", is_fixed=True),
        Column("kind", gettext_lazy("Kind"), by="kind"),
        Column("organisation", gettext_lazy("Organisation number")),
        Column("reference", gettext_lazy("Your reference"), is_optional=True),
        Column("delivery", gettext_lazy("Delivery"), by="delivery"),
        Column("terms", gettext_lazy("Payment terms, days"), css="num"),
        Column("least", gettext_lazy("Smallest invoice"), by="least_amount", css="num", is_optional=True),
        Column("since", gettext_lazy("Added"), by="created_at", is_optional=True),
    ),
    order="number",
)
KINDS = [
    ("", gettext_lazy("Companies and others")),
    *(choice for choice in Account.Kind.choices if choice[0] != Account.Kind.PRIVATE),
    (Account.Kind.PRIVATE.value, Account.Kind.PRIVATE.label),
    (accounts.ALL, gettext_lazy("All payers")),
]


class AccountFilter(forms.Form):
    """What the list is narrowed to. Words are looked for among all payers."""

    q = forms.CharField(
        label=gettext_lazy("Name, organisation number or customer number"),
        required=False,
        max_length=100,
        widget=forms.SearchInput,
    )
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), required=False, choices=KINDS)
    closed = forms.BooleanField(label=gettext_lazy("Also closed ones"), required=False)

    def criteria(self) -> dict[str, Any]:
        """What `accounts.listing` is asked for."""
        self.full_clean()
        search = self.cleaned_data.get("q", "")
        kind = self.cleaned_data.get("kind") or (accounts.ALL if search else accounts.OTHERS)
        return {"search": search, "kind": kind, "closed": bool(self.cleaned_data.get("closed"))}


class AccountForm(forms.ModelForm):  # type: ignore[type-arg]
    """A payer's particulars and terms. Whether numbers are right and free is the service's to say."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), choices=[choice for choice in Account.Kind.choices if choice[0] != "private"]
    )
    customer_number = forms.CharField(
        label=gettext_lazy("Customer number"),
        max_length=30,
        required=False,
        help_text=gettext_lazy("Left empty, the next free number is given."),
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language of the invoice"),
        required=False,
        choices=[("", gettext_lazy("The operator's")), ("sv", "Svenska"), ("en", "English")],
    )
    payment_terms_days = forms.IntegerField(
        label=gettext_lazy("Payment terms, days"),
        required=False,
        min_value=0,
        max_value=365,
        help_text=gettext_lazy("Left empty, the operator's own terms hold."),
    )
    delivery = forms.ChoiceField(label=gettext_lazy("Delivery of invoices"), choices=Account.Delivery.choices)
    least_amount = TypedNumberField(
        min_value=0,
        max_digits=8,
        decimal_places=2,
        help_text=gettext_lazy("What comes to less, VAT included, waits for a later invoice. 0: nothing waits."),
    )
    country = CountryField()
    shows = forms.ChoiceField(label=gettext_lazy("What its people see"), choices=Account.Shown.choices)
    dealer_since = forms.DateField(
        label=gettext_lazy("Buys to resell from"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        validators=SENSIBLE,
        help_text=gettext_lazy(
            "Only of a dealer, such as a partner who bills its own drivers. What it buys is taxed where it is"
            " established, and not where the car charges: in another EU country it accounts for the VAT itself."
        ),
    )
    dealer_until = forms.DateField(
        label=gettext_lazy("Buys to resell until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        validators=SENSIBLE,
        help_text=gettext_lazy("The last day. Empty: until further notice."),
    )
    dealer_evidence = forms.CharField(
        label=gettext_lazy("What shows that it resells"),
        max_length=80,
        required=False,
        help_text=gettext_lazy("Its certificate and its day, and the number of the enquiry at VIES."),
    )
    is_active = forms.BooleanField(label=gettext_lazy("Customer today"), required=False, initial=True)

    class Meta:
        model = DriverIdentity
        fields = drivers.PARTICULARS
        help_texts = {
            "gln": gettext_lazy("Only if e-invoices are to find it by this, and not by the organisation number."),
            "buyer_reference": gettext_lazy("Whom or what the payer wants named on the invoice."),
            "delivery_street": gettext_lazy("Only if not where the invoice goes."),
        }

    field_order = (
        *("kind", "name", "customer_number", "organisation_number", "vat_number", "gln", "email", "phone"),
        *("street", "postal_code", "city", "country", "delivery_street", "delivery_postal_code", "delivery_city"),
        *("buyer_reference", "order_number", "delivery", "language", "payment_terms_days", "least_amount", "shows"),
        *services.DEALER,
    )

    def __init__(self, *args: Any, currency: str, account: Account | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].required = True
        self.fields["least_amount"].label = _("Smallest invoice, %(currency)s") % {"currency": currency}
        if account is None:
            del self.fields["is_active"]
        else:
            del self.fields["kind"]
        if account is not None and account.driver is not None:
            for name in ("customer_number", *services.DEALER):
                del self.fields[name]


class InviteForm(forms.Form):
    """Whom to invite."""

    email = forms.EmailField(label=gettext_lazy("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    name = forms.CharField(label=gettext_lazy("Name"), max_length=150, required=False)


def _day() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class MoveForm(forms.Form):
    """Who belongs to which payer, from when to when. Days are by the operator's clock, and `until` is the last."""

    driver = DriverField(required=False)
    card = CardField(
        required=False,
        help_text=gettext_lazy("Instead of a driver: only what is charged with this card, whoever has it."),
    )
    account = AccountField(
        required=False,
        help_text=gettext_lazy("Customer number, name or organisation number. Empty: drivers pay for themselves."),
    )
    since = forms.DateField(
        label=gettext_lazy("From"),
        required=False,
        widget=_day(),
        help_text=gettext_lazy("The first day. Empty: from the first session on."),
    )
    until = forms.DateField(
        label=gettext_lazy("To"),
        required=False,
        widget=_day(),
        help_text=gettext_lazy("The last day. Empty: until further notice."),
    )
    only_hosted = forms.BooleanField(
        label=gettext_lazy("Prices only: the driver pays"),
        required=False,
        help_text=gettext_lazy("The association's prices hold, and the driver gets an invoice of their own."),
    )

    def __init__(self, *args: Any, zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone

    def clean(self) -> dict[str, Any]:
        """Ask for a driver or a card, not both."""
        data = super().clean() or {}
        named = [name for name in ("driver", "card") if data.get(name)]
        if not self.errors and len(named) != 1:
            self.add_error("card" if named else "driver", _("Name a driver or a card: one of the two."))
        return data

    def said(self) -> dict[str, Any]:
        """To which payer, and the two instants. The form is valid."""
        data = self.cleaned_data
        after = data["until"] + timedelta(days=1) if data["until"] else None
        return {
            "to": data["account"],
            "since": self._midnight(data["since"]),
            "until": self._midnight(after),
            "pays": not data["only_hosted"],
        }

    def _midnight(self, day: date | None) -> datetime | None:
        return datetime.combine(day, time(), self.zone) if day else None


@operator_view(Permission.VIEW_DRIVERS)
def account_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List the payers: companies and others, or whom the words mean."""
    if tidy := lists.untidy(request):
        return tidy
    filters, rows, shown = _listed(request)
    page = {"nav": "accounts", "filters": filters, "shown": shown, "page": shown.page(rows, request)}
    return render(request, "staff/accounts/list.html", page)


@operator_view(Permission.VIEW_DRIVERS, step_up=True, takes_out=True)
def account_export(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send exactly the listed payers as a file, in their order."""
    filters, rows, shown = _listed(request)
    return list_files.answer(
        request,
        shown,
        rows,
        filters=filters,
        columns=_file_columns(operator),
        back=reverse("staff:account_list", args=[operator.slug]),
    )


def _listed(request: SignedInRequest) -> tuple[AccountFilter, Any, tables.Shown]:
    filters = AccountFilter(request.GET)
    rows = accounts.listing(**filters.criteria())
    return filters, rows, tables.shown(ACCOUNTS, request).within(rows)


def _file_columns(operator: Operator) -> list[FileColumn]:
    who = {
        _("Name"): "name",
        _("Organisation number"): "organisation_number",
        _("VAT number"): "vat_number",
        _("GLN"): "gln",
        _("E-mail"): "email",
        _("Phone"): "phone",
        _("Street"): "street",
        _("Postal code"): "postal_code",
        _("City"): "city",
        _("Country"): "country",
        _("Your reference"): "buyer_reference",
        _("Order number"): "order_number",
    }
    return [
        FileColumn(_("Customer number"), lambda row: row.customer_number),
        FileColumn(_("Kind"), lambda row: str(row.get_kind_display())),
        *(FileColumn(label, partial(_particular, name)) for label, name in who.items()),
        FileColumn(_("Delivery"), lambda row: str(row.get_delivery_display())),
        FileColumn(_("Payment terms, days"), lambda row: accounts.days_to_pay(row, operator)),
        FileColumn(_("Smallest invoice"), lambda row: row.least_amount, is_amount=True),
    ]


def _particular(name: str, account: Account) -> str:
    """A particular of the payer. How to reach a person is taken out with the drivers alone (`driver_export`)."""
    if account.kind == Account.Kind.PRIVATE and name != "name":
        return ""
    return str(getattr(account.identity, name, ""))


@operator_view(Permission.VIEW_DRIVERS)
def account_detail(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Show a payer with its drivers, cards, invoices and fees, and record that it was shown."""
    account = account_or_404(public_id)
    audit.record(Event.ACCOUNT_VIEWED, about=account)
    members = account_members.of_account(account)
    page = {
        "nav": "accounts",
        "account": account,
        "crumbs": crumbs(operator),
        "members": members[:MEMBERS_SHOWN],
        "more_members": max(0, members.count() - MEMBERS_SHOWN),
        "days_to_pay": accounts.days_to_pay(account, operator),
        "lacks": e_invoice_words.lacks(e_invoices.of_buyer(account, operator, at=timezone.now())),
        "invoices": billed.of_account(account, drafts=True)[:INVOICES_SHOWN],
        "fees": fees.of_account(account)[:FEES_SHOWN],
        "assignments": assignments.of_account(account, at=timezone.now()),
        "people": sorted(account.people.select_related("user"), key=lambda each: in_order(each.user)),
        "invite_form": InviteForm(),
        "invitations": invitations.of_account(operator, account.public_id),
    }
    return render(request, "staff/accounts/detail.html", page)


@operator_view(Permission.MANAGE_ACCOUNTS)
def account_new(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Add a payer who is no single person."""
    initial = {"country": operator.country, "least_amount": 0}
    form = AccountForm(request.POST or None, currency=operator.currency, initial=initial)
    if form.is_valid() and (account := attempted(form, services.create, **form.cleaned_data)):
        messages.success(request, _("Payer %(name)s was added.") % {"name": account.name})
        return redirect("staff:account_detail", operator.slug, account.public_id)
    page = {"nav": "accounts", "form": form, "crumbs": crumbs(operator)}
    return render(request, "staff/accounts/form.html", page, status=400 if form.errors else 200)


@operator_view(Permission.MANAGE_ACCOUNTS)
def account_edit(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Change a payer's particulars and terms."""
    account = account_or_404(public_id)
    form = AccountForm(request.POST or None, currency=operator.currency, account=account, initial=_initial(account))
    if form.is_valid() and attempted(form, dealers.change, account, at=timezone.now(), **form.cleaned_data) is not None:
        messages.success(request, _("Payer %(name)s was saved.") % {"name": account.name})
        return redirect("staff:account_detail", operator.slug, account.public_id)
    page = {"nav": "accounts", "form": form, "account": account, "crumbs": crumbs(operator, account)}
    return render(request, "staff/accounts/form.html", page, status=400 if form.errors else 200)


@operator_view(Permission.MANAGE_ACCOUNTS)
def account_move(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Say which payer a driver or card belongs to from when to when; what is on no invoice follows."""
    today = timezone.now().astimezone(operator.zone).date()
    form = MoveForm(request.POST or None, zone=operator.zone, initial={**_asked(request), "since": today})
    if form.is_valid():
        data = form.cleaned_data
        moved = attempted(form, account_moves.move, data["driver"] or data["card"], **form.said())
        if moved is not None:
            messages.success(request, _moved(data["account"], moved))
            return redirect(_after(operator, data))
    page = {"nav": "accounts", "form": form, "crumbs": crumbs(operator)}
    return render(request, "staff/accounts/move.html", page, status=400 if form.errors else 200)


def _asked(request: SignedInRequest) -> dict[str, str]:
    """What the page that led here named, as somebody would type it."""
    kinds: dict[str, tuple[type[Model], Callable[[Any], str]]] = {
        "driver": (Driver, lambda row: row.customer_number),
        "card": (Token, lambda row: row.visual_number or row.uid),
        "account": (Account, lambda row: row.customer_number),
    }
    found: dict[str, str] = {}
    for name, (model, typed) in kinds.items():
        with suppress(ValueError):
            row = model._default_manager.filter(public_id=UUID(request.GET.get(name, ""))).first()
            found |= {name: typed(row)} if row else {}
    return found


def _after(operator: Operator, data: dict[str, Any]) -> str:
    """The page that shows what was done: the payer's, else the driver's or card's."""
    for kind, name in (("account", "account"), ("driver", "driver"), ("token", "card")):
        if data[name]:
            return reverse(f"staff:{kind}_detail", args=[operator.slug, data[name].public_id])
    raise Http404


def _moved(account: Account | None, moved: Moved) -> str:
    whose = _("Belongs to %(payer)s for that time.") % {"payer": account.name} if account else ""
    parts = [whose or _("Belongs to no payer for that time: drivers pay for themselves.")]
    if moved.sessions:
        follow = ngettext("%(count)s session follows.", "%(count)s sessions follow.", moved.sessions)
        parts.append(follow % {"count": moved.sessions})
    if moved.billed:
        stay = ngettext(
            "%(count)s session stands on an invoice and stays there.",
            "%(count)s sessions stand on invoices and stay there.",
            moved.billed,
        )
        parts.append(stay % {"count": moved.billed})
    return " ".join(parts)


def crumbs(operator: Operator, account: Account | None = None) -> list[tuple[str, str]]:
    """Return the way down to the payers, and to one of them."""
    way = [(_("Payers"), reverse("staff:account_list", args=[operator.slug]))]
    if account is not None:
        way.append((account.name, reverse("staff:account_detail", args=[operator.slug, account.public_id])))
    return way


def account_or_404(public_id: UUID) -> Account:
    """The payer, or a page that does not exist."""
    account = accounts.one(public_id)
    if account is None:
        raise Http404
    return account


def _initial(account: Account) -> dict[str, Any]:
    who = model_to_dict(account.identity, fields=drivers.PARTICULARS) if account.identity else {}
    return {**who, **model_to_dict(account, fields=[*services.TERMS, "customer_number"])}
