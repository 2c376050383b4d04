"""Groups of drivers: the list with their tariffs, and adding one."""

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from billing.selectors import assignments
from charging.selectors import drivers
from portal.files.tables import FileColumn
from portal.gate.access import SignedInRequest, operator_view
from portal.web import list_files, tables
from portal.web.acts import attempted
from portal.web.staff.drivers import crumbs
from portal.web.tables import Column, Table
from tenants.models import DriverGroup, Operator
from tenants.permissions import Permission
from tenants.services.people import driver_groups

GROUPS = Table(
    "groups",
    (
        Column("group", gettext_lazy("Group"), by="name", is_indexed=True, is_fixed=True),
        Column("drivers", gettext_lazy("Drivers"), by="driver_count", css="num"),
        Column("tariff", gettext_lazy("Tariff")),
    ),
    order="group",
)


class GroupForm(forms.ModelForm):  # type: ignore[type-arg]
    """A group's name. Whether it is free is the service's to say."""

    class Meta:
        model = DriverGroup
        fields = ("name",)


@operator_view(Permission.VIEW_DRIVERS)
def group_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List the groups with their tariffs."""
    return _page(request, operator, GroupForm())


@operator_view(Permission.VIEW_DRIVERS, takes_out=True)
def group_export(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send the groups as a file."""
    return list_files.answer(
        request,
        tables.shown(GROUPS, request),
        _listed(),
        columns=[
            FileColumn(_("Group"), str),
            FileColumn(_("Drivers"), lambda row: row.driver_count),
            FileColumn(_("Tariff"), lambda row: ", ".join(str(each.tariff) for each in row.in_force)),
        ],
        back=reverse("staff:group_list", args=[operator.slug]),
    )


def _listed() -> QuerySet[DriverGroup]:
    return assignments.with_tariffs(drivers.groups(), at=timezone.now())


@operator_view(Permission.MANAGE_DRIVERS)
@require_POST
def group_new(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Add a group."""
    form = GroupForm(request.POST)
    if form.is_valid() and (group := attempted(form, driver_groups.create, name=form.cleaned_data["name"])):
        messages.success(request, _("%(group)s was added. Choose it on the pages of its drivers.") % {"group": group})
        return redirect("staff:group_list", operator.slug)
    return _page(request, operator, form)


def _page(request: SignedInRequest, operator: Operator, form: GroupForm) -> HttpResponse:
    rows = _listed()
    shown = tables.shown(GROUPS, request).within(rows)
    context = {"nav": "drivers", "shown": shown, "page": shown.page(rows, request), "form": form}
    context["crumbs"] = crumbs(operator)
    return render(request, "staff/groups/list.html", context)
