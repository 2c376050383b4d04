"""Charges that a station told of late: that the driver has seen them, and whether letters about them are wanted."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from charging.services import late_charges
from portal.gate.access import SignedInRequest, driver_view
from tenants.models import Operator
from tenants.services.people import drivers


@require_POST
@driver_view
def late_seen(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show them no more."""
    late_charges.see(request.driver, at=timezone.now())
    return redirect("driver:history", operator.slug)


@require_POST
@driver_view
def late_letters(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Send letters about them, or none."""
    drivers.choose_letters(request.driver, about_late_charges=request.POST.get("late") == "on")
    messages.success(request, _("Saved."))
    return redirect("driver:privacy", operator.slug)
