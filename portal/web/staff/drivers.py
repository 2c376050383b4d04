"""Drivers: the list, one driver with cards, charging, invoices and tariffs, and the form.

A driver's page shows personal data, so reading it is recorded.
"""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.forms.models import model_to_dict
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from billing.selectors import assignments, session_ledger
from charging.selectors import drivers, sessions
from charging.selectors.sessions import Criteria
from portal.web import lists
from portal.web.access import SignedInRequest, operator_view
from portal.web.staff import days
from portal.web.staff.acts import attempted, told
from tenants import audit
from tenants.models import Driver, DriverGroup, DriverIdentity, Operator, User
from tenants.permissions import Permission
from tenants.selectors import people
from tenants.services import drivers as services
from tenants.services import first_passwords, letters
from tenants.services.people import may_get_link

SESSIONS_SHOWN = 10
INVOICES_SHOWN = 24
MONTHS_DRAWN = 12


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
    group = forms.ModelChoiceField(
        DriverGroup.objects.none(), label=gettext_lazy("Group"), required=False, empty_label=gettext_lazy("No group")
    )
    is_active = forms.BooleanField(label=gettext_lazy("Customer today"), required=False, initial=True)

    class Meta:
        model = DriverIdentity
        fields = services.PERSONAL_FIELDS

    field_order = ("name", "customer_number", "email", "phone", "street", "postal_code", "city", "country", "group")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["group"].queryset = DriverGroup.objects.order_by("name")  # type: ignore[attr-defined]
        self.fields["name"].required = True


@operator_view(Permission.VIEW_DRIVERS)
def driver_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List the drivers by customer number."""
    filters = DriverFilter(request.GET)
    search = filters.cleaned_data if filters.is_valid() else {}
    rows = drivers.listing(
        search.get("q", ""), group=search.get("group"), active=None if search.get("closed") else True
    )
    page = lists.numbered(rows, request)
    return render(request, "staff/drivers/list.html", {"nav": "drivers", "filters": filters, "page": page})


@operator_view(Permission.VIEW_DRIVERS)
def driver_detail(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Show a driver, and record that it was shown."""
    driver = _driver(public_id)
    audit.record("driver.viewed", about=driver)
    context = {"nav": "drivers", "driver": driver, "crumbs": crumbs(operator), "now": timezone.now()}
    context["needs_password"] = driver.user is not None and _may_hold_link(driver.user, operator)
    return render(request, "staff/drivers/detail.html", {**context, **_charging(driver, operator)})


@operator_view(Permission.MANAGE_DRIVERS)
def driver_new(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Add a driver."""
    form = DriverForm(request.POST or None, initial={"country": operator.country})
    if form.is_valid() and (driver := attempted(form, services.create, **_facts(form, new=True))):
        messages.success(request, _("Driver %(number)s was added.") % {"number": driver.customer_number})
        return redirect("staff:driver_detail", operator.slug, driver.public_id)
    return render(request, "staff/drivers/form.html", {"nav": "drivers", "form": form, "crumbs": crumbs(operator)})


@operator_view(Permission.MANAGE_DRIVERS)
def driver_edit(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Change a driver's particulars."""
    driver = _driver(public_id)
    form = DriverForm(request.POST or None, initial=_initial(driver))
    if form.is_valid() and attempted(form, services.change, driver, **_facts(form)) is not None:
        messages.success(request, _("Driver %(number)s was saved.") % {"number": driver.customer_number})
        return redirect("staff:driver_detail", operator.slug, driver.public_id)
    context = {"nav": "drivers", "form": form, "driver": driver, "crumbs": crumbs(operator, driver)}
    return render(request, "staff/drivers/form.html", context)


@operator_view(Permission.MANAGE_DRIVERS)
@require_POST
def driver_invite(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Let the driver sign in and see their own charging; who has no password yet gets a link to choose one."""
    driver = _driver(public_id)
    user = driver.user or told(request, _("The driver can sign in now."), services.invite, driver)
    if user is not None and _may_hold_link(user, operator):
        return _show_link(request, operator, driver, user)
    return redirect("staff:driver_detail", operator.slug, driver.public_id)


def crumbs(operator: Operator, driver: Driver | None = None) -> list[tuple[str, str]]:
    """Return the way down to the drivers, and to one of them."""
    way = [(_("Drivers"), reverse("staff:driver_list", args=[operator.slug]))]
    if driver is not None:
        url = reverse("staff:driver_detail", args=[operator.slug, driver.public_id])
        way.append((driver.customer_number, url))
    return way


def _may_hold_link(user: User, operator: Operator) -> bool:
    """Whoever manages drivers may hold the link of a driver, never that of somebody who works here too."""
    return not people.is_staff_anywhere(user) and may_get_link(user, operator=operator)


def _show_link(request: SignedInRequest, operator: Operator, driver: Driver, user: User) -> HttpResponse:
    link = request.build_absolute_uri(reverse("account:set_password", args=first_passwords.link_parts(user)))
    with translation.override(user.language or operator.language):
        subject = _("Your charging at %(operator)s")
        text = _(
            "You can see your charging at %(operator)s. Choose your password here, within three days:\n\n%(link)s\n"
        )
        facts = {"operator": operator, "link": link}
        mailed = letters.send(user, subject=subject % facts, text=text % facts)
    audit.record("password.link_made", about=user, mailed=mailed)
    context = {"nav": "drivers", "driver": driver, "person": user, "link": link, "mailed": mailed}
    return render(request, "staff/drivers/link.html", {**context, "crumbs": crumbs(operator, driver)})


def _driver(public_id: UUID) -> Driver:
    return get_object_or_404(Driver.objects.select_related("identity", "group", "user"), public_id=public_id)


def _charging(driver: Driver, operator: Operator) -> dict[str, Any]:
    months = days.last_months(MONTHS_DRAWN, today=timezone.now().astimezone(operator.zone).date())
    totals = drivers.by_month(driver, zone=operator.zone, since=days.midnight(months[0], operator.zone))
    latest = sessions.shown(sessions.listing(Criteria(driver=driver))).order_by("-started_at", "-pk")
    return {
        "tokens": driver.tokens.order_by("-created_at", "-pk"),
        "chart": days.month_chart(months, totals),
        "months": totals,
        "entries": session_ledger.entries(latest[:SESSIONS_SHOWN]),
        "assignments": assignments.of_driver(driver, at=timezone.now()),
        "invoices": driver.invoices.order_by("-month", "-pk")[:INVOICES_SHOWN],
    }


def _facts(form: DriverForm, *, new: bool = False) -> dict[str, Any]:
    facts = dict(form.cleaned_data)
    facts["country"] = facts["country"].upper()
    if new:
        del facts["is_active"]
    return facts


def _initial(driver: Driver) -> dict[str, Any]:
    personal = model_to_dict(driver.identity, fields=services.PERSONAL_FIELDS) if driver.identity else {}
    return {**personal, **model_to_dict(driver, fields=["customer_number", "group", "is_active"])}
