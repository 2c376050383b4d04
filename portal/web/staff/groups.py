"""Groups of drivers: the list with their tariffs, and adding one."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from billing.selectors import assignments
from charging.selectors import drivers
from portal.gate.access import SignedInRequest, operator_view
from portal.web.acts import attempted
from portal.web.staff.drivers import crumbs
from tenants.models import DriverGroup, Operator
from tenants.permissions import Permission
from tenants.services.people import driver_groups


class GroupForm(forms.ModelForm):  # type: ignore[type-arg]
    """A group's name. Whether it is free is the service's to say."""

    class Meta:
        model = DriverGroup
        fields = ("name",)


@operator_view(Permission.VIEW_DRIVERS)
def group_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List the groups with their tariffs."""
    return _page(request, operator, GroupForm())


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
    groups = assignments.with_tariffs(drivers.groups(), at=timezone.now())
    context = {"nav": "drivers", "groups": groups, "form": form, "crumbs": crumbs(operator)}
    return render(request, "staff/groups/list.html", context)
