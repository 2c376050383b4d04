"""Drivers: the list, one driver with cards, charging, invoices and tariffs, and the form.

A driver's page shows personal data, so reading it is recorded.
"""

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import QuerySet, Value
from django.db.models.functions import Coalesce
from django.forms.models import model_to_dict
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from billing.selectors import assignments, invoices, session_ledger
from billing.services import group_changes
from charging.selectors import account_members, drivers, sessions
from charging.selectors.sessions import Criteria
from portal.files.tables import FileColumn
from portal.gate.access import SignedInRequest, operator_view
from portal.web import list_files, lists, tables
from portal.web.acts import attempted, told
from portal.web.periods import midnight
from portal.web.sensible_days import SENSIBLE
from portal.web.staff import days
from portal.web.staff.country_choice import CountryField
from portal.web.staff.people.invitation_link import count_letter, hand_over
from portal.web.staff.sessions.columns import SESSIONS
from portal.web.tables import Column, Table
from portal.words.say import why
from tenants.errors import Refused
from tenants.log import audit
from tenants.log.events import Event
from tenants.models import Driver, DriverGroup, DriverIdentity, Operator
from tenants.permissions import Permission
from tenants.selectors import accounts, invitations, person_requests
from tenants.services import four_eyes
from tenants.services.people import driver_exports
from tenants.services.people import drivers as services
from tenants.services.people import invitations as invitation_services

SESSIONS_SHOWN = 10
INVOICES_SHOWN = 24
MONTHS_DRAWN = 12


DRIVERS = Table(
    "drivers",
    (
        Column("driver", gettext_lazy("Driver"), opened="identity__name", is_fixed=True),
        Column("number", gettext_lazy("Customer number"), by="customer_number", is_indexed=True),
        Column("phone", gettext_lazy("Phone"), is_optional=True),
        Column("city", gettext_lazy("City"), opened="identity__city", is_optional=True),
        Column("group", gettext_lazy("Group"), by=Coalesce("group__name", Value("")), css="rest"),
        Column("cards", gettext_lazy("Cards")),
        Column("portal", gettext_lazy("Portal"), css="rest"),
        Column("added", gettext_lazy("Added"), by="created_at", is_optional=True),
    ),
    order="number",
)


class DriverFilter(forms.Form):
    """What the list of drivers is narrowed to."""

    q = forms.CharField(
        label=gettext_lazy("Name, e-mail or customer number"),
        required=False,
        max_length=100,
        widget=forms.SearchInput,
    )
    group = forms.ModelChoiceField(
        DriverGroup.objects.none(),
        label=gettext_lazy("Group"),
        required=False,
        to_field_name="public_id",
        empty_label=gettext_lazy("All drivers"),
    )
    closed = forms.BooleanField(label=gettext_lazy("Also former drivers"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["group"].queryset = DriverGroup.objects.order_by("name")  # type: ignore[attr-defined]


class DriverForm(forms.ModelForm):  # type: ignore[type-arg]
    """A driver's particulars. Whether the customer number is free is the service's to say."""

    customer_number = forms.CharField(
        label=gettext_lazy("Customer number"),
        max_length=30,
        required=False,
        help_text=gettext_lazy("Left empty, the next free number is given."),
    )
    country = CountryField()
    group = forms.ModelChoiceField(
        DriverGroup.objects.none(),
        label=gettext_lazy("Group"),
        required=False,
        empty_label=gettext_lazy("No group"),
        to_field_name="public_id",
    )
    group_since = forms.DateField(
        label=gettext_lazy("In the group from"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        validators=SENSIBLE,
        help_text=gettext_lazy(
            "If another group is chosen: the day from which its prices hold. What was charged before, and what is on"
            " an invoice, stays. Empty: from now on."
        ),
    )
    is_active = forms.BooleanField(label=gettext_lazy("Customer today"), required=False, initial=True)

    class Meta:
        model = DriverIdentity
        fields = services.PERSONAL_FIELDS

    field_order = (
        *("name", "customer_number", "email", "phone", "street", "postal_code", "city", "country"),
        *("group", "group_since"),
    )

    def __init__(self, *args: Any, new: bool = False, today: date | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if new:
            del self.fields["group_since"]
        self.today = today
        self.fields["group"].queryset = DriverGroup.objects.order_by("name")  # type: ignore[attr-defined]
        self.fields["name"].required = True

    def clean_group_since(self) -> date | None:
        """A day that has come: who is of a group is told on pages as of now."""
        day: date | None = self.cleaned_data["group_since"]
        if day and self.today and day > self.today:
            raise forms.ValidationError(_("This day is still to come. Choose the group when it has."))
        return day


@operator_view(Permission.VIEW_DRIVERS)
def driver_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List the drivers, by customer number unless sorted otherwise."""
    if tidy := lists.untidy(request):
        return tidy
    filters = DriverFilter(request.GET)
    rows = _listed(filters)
    shown = tables.shown(DRIVERS, request).within(rows)
    context = {"nav": "drivers", "filters": filters, "shown": shown, "page": shown.page(rows, request)}
    return render(request, "staff/drivers/list.html", context)


@operator_view(Permission.EXPORT_DRIVERS, step_up=True, takes_out=True)
def driver_list_export(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send exactly the listed drivers as a file. Where that takes two people, the page of all drivers says so."""
    if four_eyes.is_needed(driver_exports.ACTION):
        return redirect("staff:driver_export", operator.slug)
    filters = DriverFilter(request.GET)
    return list_files.answer(
        request,
        tables.shown(DRIVERS, request),
        _listed(filters),
        filters=filters,
        columns=_file_columns(operator),
        back=reverse("staff:driver_list", args=[operator.slug]),
    )


@operator_view(Permission.VIEW_DRIVERS)
def driver_detail(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Show a driver, and record that it was shown."""
    driver = _driver(public_id)
    audit.record(Event.DRIVER_VIEWED, about=driver)
    context = {"nav": "drivers", "driver": driver, "crumbs": crumbs(operator), "now": timezone.now()}
    context["invitation"] = None if driver.user_id else invitations.of_driver(operator, driver.public_id)
    return render(request, "staff/drivers/detail.html", {**context, **_charging(driver, operator)})


@operator_view(Permission.MANAGE_DRIVERS)
def driver_new(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Add a driver."""
    form = DriverForm(request.POST or None, new=True, initial={"country": operator.country})
    if form.is_valid() and (driver := attempted(form, services.create, **_facts(form, new=True))):
        messages.success(request, _("Driver %(number)s was added.") % {"number": driver.customer_number})
        return redirect("staff:driver_detail", operator.slug, driver.public_id)
    return render(request, "staff/drivers/form.html", {"nav": "drivers", "form": form, "crumbs": crumbs(operator)})


@operator_view(Permission.MANAGE_DRIVERS)
def driver_edit(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Change a driver's particulars."""
    driver = _driver(public_id)
    if request.method != "POST":
        audit.record(Event.DRIVER_FORM_VIEWED, about=driver)
    today = timezone.now().astimezone(operator.zone).date()
    form = DriverForm(request.POST or None, today=today, initial=_initial(driver))
    if form.is_valid() and attempted(form, group_changes.change, driver, **_changed(form, operator)) is not None:
        messages.success(request, _("Driver %(number)s was saved.") % {"number": driver.customer_number})
        return redirect("staff:driver_detail", operator.slug, driver.public_id)
    context = {"nav": "drivers", "form": form, "driver": driver, "crumbs": crumbs(operator, driver)}
    return render(request, "staff/drivers/form.html", context)


@operator_view(Permission.MANAGE_DRIVERS)
@require_POST
def driver_invite(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Invite the driver to see their own charging; again: a new link, and the old one ends."""
    driver = _driver(public_id)
    back = reverse("staff:driver_detail", args=[operator.slug, driver.public_id])
    try:
        count_letter(operator, driver.identity.email if driver.identity else "")
        made = invitation_services.invite_driver(driver, by=request.user)
    except Refused as refusal:
        messages.error(request, why(refusal))
        return redirect(back)
    return hand_over(request, operator, made, nav="drivers", crumbs=crumbs(operator, driver), back=back)


@operator_view(Permission.MANAGE_DRIVERS)
@require_POST
def driver_uninvite(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Withdraw the driver's invitation."""
    driver = _driver(public_id)
    invitation = invitations.of_driver(operator, driver.public_id)
    if invitation is not None:
        told(request, _("The invitation was withdrawn."), invitation_services.withdraw, invitation)
    return redirect("staff:driver_detail", operator.slug, driver.public_id)


def _listed(filters: DriverFilter) -> QuerySet[Driver]:
    search = filters.cleaned_data if filters.is_valid() else {}
    active = None if search.get("closed") else True
    return drivers.listing(search.get("q", ""), group=search.get("group"), active=active)


def _file_columns(operator: Operator) -> list[FileColumn]:
    def personal(field: str) -> Callable[[Driver], object]:
        return lambda row: getattr(row.identity, field, None)

    return [
        FileColumn(_("Customer number"), lambda row: row.customer_number),
        FileColumn(_("Name"), personal("name")),
        FileColumn(_("E-mail"), personal("email")),
        FileColumn(_("Phone"), personal("phone")),
        FileColumn(_("Street"), personal("street")),
        FileColumn(_("Postal code"), personal("postal_code")),
        FileColumn(_("City"), personal("city")),
        FileColumn(_("Country"), personal("country")),
        FileColumn(_("Group"), lambda row: str(row.group) if row.group else None),
        FileColumn(_("Cards"), lambda row: ", ".join(str(token) for token in row.tokens.all())),
        FileColumn(_("Customer today"), lambda row: row.is_active),
        FileColumn(_("Added"), lambda row: row.created_at.astimezone(operator.zone).date()),
    ]


def crumbs(operator: Operator, driver: Driver | None = None) -> list[tuple[str, str]]:
    """Return the way down to the drivers, and to one of them."""
    way = [(_("Drivers"), reverse("staff:driver_list", args=[operator.slug]))]
    if driver is not None:
        url = reverse("staff:driver_detail", args=[operator.slug, driver.public_id])
        way.append((driver.customer_number, url))
    return way


def _driver(public_id: UUID) -> Driver:
    return get_object_or_404(Driver.objects.select_related("identity", "group", "user"), public_id=public_id)


def _charging(driver: Driver, operator: Operator) -> dict[str, Any]:
    months = days.last_months(MONTHS_DRAWN, today=timezone.now().astimezone(operator.zone).date())
    totals = drivers.by_month(driver, zone=operator.zone, since=midnight(months[0], operator.zone))
    latest = sessions.shown(sessions.listing(Criteria(driver=driver))).order_by("-started_at", "-pk")
    return {
        "tokens": driver.tokens.order_by("-created_at", "-pk"),
        "chart": days.month_chart(months, totals),
        "months": totals,
        "shown": SESSIONS.part("started", "station", "duration", "energy", "amount", "billing"),
        "entries": session_ledger.entries(latest[:SESSIONS_SHOWN]),
        "limits": person_requests.limits_of(driver),
        "payers": account_members.of_member(driver),
        "own_account": accounts.of_driver(driver),
        "assignments": assignments.of_driver(driver, at=timezone.now()),
        "invoices": invoices.of_driver(driver, drafts=True)[:INVOICES_SHOWN],
    }


def _facts(form: DriverForm, *, new: bool = False) -> dict[str, Any]:
    facts = dict(form.cleaned_data)
    if new:
        del facts["is_active"]
    return facts


def _changed(form: DriverForm, operator: Operator) -> dict[str, Any]:
    """What the form says, with the instant at which the day of the group begins by the operator's clock."""
    facts = _facts(form)
    day = facts.pop("group_since")
    return {**facts, "group_since": datetime.combine(day, time(), operator.zone) if day else None}


def _initial(driver: Driver) -> dict[str, Any]:
    personal = model_to_dict(driver.identity, fields=services.PERSONAL_FIELDS) if driver.identity else {}
    return {**personal, **model_to_dict(driver, fields=["customer_number", "is_active"]), "group": driver.group}
