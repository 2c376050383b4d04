"""Visits of the platform's staff, as the operator's own people see and limit them."""

from datetime import timedelta
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from portal.gate.access import SignedInRequest, operator_view
from portal.web import lists
from tenants.models import Operator
from tenants.permissions import Permission
from tenants.selectors import visits
from tenants.services.platform import visits as platform_visits

HOURS = [
    (1, gettext_lazy("1 hour")),
    (4, gettext_lazy("4 hours")),
    (24, gettext_lazy("1 day")),
    (72, gettext_lazy("3 days")),
]


class LeaveForm(forms.Form):
    """How long visitors may change something."""

    hours = forms.TypedChoiceField(label=gettext_lazy("Allow changes for"), choices=HOURS, coerce=int, initial=4)


@operator_view(Permission.MANAGE_SECURITY, step_up=True)
def visit_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List the visits, and let visitors change something for a while or no longer."""
    form = LeaveForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        platform_visits.allow_changes(operator, lasting=timedelta(hours=form.cleaned_data["hours"]))
        messages.success(request, _("Visitors whom you let in from now on may change something."))
        return redirect("staff:platform_visits", operator.slug)
    now = timezone.now()
    may = visits.may_be_changed(operator, at=now)
    context = {
        "nav": "settings",
        "form": form,
        "visits": lists.numbered(visits.of_operator(operator), request),
        "now": now,
        "leave_until": operator.platform_may_change_until if may else None,
    }
    return render(request, "staff/platform_visits/page.html", context, status=400 if form.errors else 200)


@require_POST
@operator_view(Permission.MANAGE_SECURITY, step_up=True)
def leave_take_back(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Let visitors only look again, also those who are here now."""
    platform_visits.take_back_leave(operator)
    messages.success(request, _("Visitors can look and change nothing, from now on."))
    return redirect("staff:platform_visits", operator.slug)


@require_POST
@operator_view(Permission.MANAGE_SECURITY, step_up=True)
def visit_end(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """End a running visit at once."""
    visit = get_object_or_404(visits.of_operator(operator), public_id=public_id)
    platform_visits.end(visit, at=timezone.now())
    messages.success(request, _("The visit has ended."))
    return redirect("staff:platform_visits", operator.slug)
