"""Visits: into an operator with a reason, for a while, and out again."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from portal.gate.access import SignedInRequest
from portal.gate.platform_access import platform_view
from portal.web import addresses
from portal.words.say import why
from tenants.errors import Refused
from tenants.models import Operator, PlatformVisit
from tenants.selectors import visits as open_visits
from tenants.services.platform import visits as platform_visits

MINUTES = [
    (15, gettext_lazy("15 minutes")),
    (30, gettext_lazy("30 minutes")),
    (60, gettext_lazy("1 hour")),
    (120, gettext_lazy("2 hours")),
    (240, gettext_lazy("4 hours")),
]


class VisitForm(forms.Form):
    """Why, for how long, and whether something is to be changed."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("The operator reads it: a case number, or what was asked for."),
        min_length=platform_visits.SHORTEST_REASON,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    minutes = forms.TypedChoiceField(label=gettext_lazy("Duration"), choices=MINUTES, coerce=int, initial=30)
    may_change = forms.BooleanField(label=gettext_lazy("Allowed to make changes"), required=False)

    def __init__(self, *args: Any, may_change: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_change:
            del self.fields["may_change"]


@platform_view(step_up=True)
def visit_new(request: SignedInRequest, slug: str) -> HttpResponse:
    """Ask why and for how long, begin the visit and go there."""
    found = get_object_or_404(Operator.objects.exclude(state=Operator.State.CLOSED), slug=slug)
    now = timezone.now()
    leave = open_visits.may_be_changed(found, at=now)
    form = VisitForm(request.POST or None, may_change=leave)
    if request.method == "POST" and form.is_valid():
        try:
            platform_visits.begin(
                found,
                by=request.user,
                reason=form.cleaned_data["reason"],
                lasting=timedelta(minutes=form.cleaned_data["minutes"]),
                may_change=form.cleaned_data.get("may_change", False),
                at=now,
            )
        except Refused as refusal:
            form.add_error(None, why(refusal))
        else:
            return _enter(found)
    context = {
        "nav": "operators",
        "found": found,
        "form": form,
        "leave_until": found.platform_may_change_until if leave else None,
    }
    return render(request, "platform/visits/new.html", context, status=400 if form.errors else 200)


def _enter(operator: Operator) -> HttpResponse:
    """Go to the operator's pages, or to where a link leads to them."""
    address = addresses.in_portal("staff:overview", operator.slug)
    return redirect("platform:operator_detail", operator.slug) if addresses.is_elsewhere(address) else redirect(address)


@require_POST
@platform_view()
def visit_end(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    """End a visit: one's own, or a colleague's."""
    visit = get_object_or_404(PlatformVisit.objects.select_related("operator"), public_id=public_id)
    platform_visits.end(visit, at=timezone.now())
    messages.success(request, _("The visit has ended."))
    return redirect("platform:operator_detail", visit.operator.slug)
