"""The download of all drivers' personal data: for owners, with a fresh proof, recorded, if wanted with four eyes."""

from django import forms
from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.files import streamed
from portal.gate.access import SignedInRequest, operator_view
from portal.web import second_person
from portal.web.staff.drivers import crumbs
from portal.words.say import why
from tenants.errors import Refused
from tenants.models import Approval, Operator
from tenants.permissions import Permission
from tenants.selectors import approvals, driver_rows
from tenants.services import four_eyes
from tenants.services.people import driver_exports


class ExportForm(forms.Form):
    """Whose data."""

    former = forms.BooleanField(label=_("Also former drivers"), required=False)


@operator_view(Permission.EXPORT_DRIVERS, step_up=True, takes_out=True)
def driver_export(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Say what the file holds; send it, or ask a second person for leave."""
    approval = approvals.open_about(driver_exports.ACTION, request.user.public_id, at=timezone.now())
    needs_second = four_eyes.is_needed(driver_exports.ACTION)
    form = ExportForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        former = form.cleaned_data["former"]
        if needs_second and approval is not None and approval.state == Approval.State.APPROVED:
            return _file(request, operator, former=approval.facts["former"])
        if not needs_second:
            return _file(request, operator, former=former)
        asked = second_person.ask(
            request, operator, lambda: driver_exports.ask(former=former, by=request.user, at=timezone.now())
        )
        return asked or redirect("staff:driver_export", operator.slug)
    context = {
        "nav": "drivers",
        "crumbs": crumbs(operator),
        "form": form,
        "count": driver_rows.count(former=False),
        "count_former": driver_rows.count(former=True) - driver_rows.count(former=False),
        "needs_second": needs_second,
        "approval": approval if needs_second else None,
        "is_approved": approval is not None and approval.state == Approval.State.APPROVED,
    }
    return render(request, "staff/drivers/export.html", context)


def _file(request: SignedInRequest, operator: Operator, *, former: bool) -> HttpResponseBase:
    try:
        numbers = driver_exports.begin(former=former, by=request.user, at=timezone.now())
    except Refused as refusal:
        messages.error(request, why(refusal))
        return redirect("staff:driver_export", operator.slug)
    return streamed.csv_file(
        f"drivers-{operator.slug}-{timezone.now():%Y-%m-%d}.csv",
        header=driver_rows.COLUMNS,
        lines=lambda: driver_rows.rows(numbers),
        operator=operator,
    )
