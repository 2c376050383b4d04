"""Leaving an operator that one visits as platform staff, from any of its pages."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal.gate.access import SignedInRequest, account_view
from portal.web import addresses
from tenants.actor import acting_more
from tenants.models import PlatformVisit
from tenants.services.platform import visits as platform_visits


@require_POST
@account_view
def leave_visit(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    """End one's own visit and go back to the platform's page about the operator."""
    visit = get_object_or_404(PlatformVisit.objects.select_related("operator"), public_id=public_id, user=request.user)
    with acting_more(is_platform=True):
        platform_visits.end(visit, at=timezone.now())
    address = addresses.in_platform("platform:operator_detail", visit.operator.slug)
    if addresses.is_elsewhere(address):
        messages.success(request, _("The visit has ended."))
        return redirect(reverse("account:operators") + "?all")
    return redirect(address)
