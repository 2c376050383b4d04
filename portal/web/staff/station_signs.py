"""Signs for the outlets of a station, to be printed: a code that leads anybody to the outlet's page."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from charging.selectors import outlets
from charging.selectors import stations as selectors
from portal.gate.access import SignedInRequest, operator_view
from portal.web.staff import stations
from tenants import qr
from tenants.models import Operator
from tenants.permissions import Permission


@operator_view(Permission.VIEW_NETWORK)
def station_signs(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Show a sign for each outlet: its number, and the code with its address."""
    station = get_object_or_404(selectors.listing(), public_id=public_id)
    addresses = [
        (outlet, request.build_absolute_uri(reverse("public_outlet", args=[operator.slug, public_id, outlet.number])))
        for outlet in outlets.connected().filter(station=station)
    ]
    context = {
        "nav": "stations",
        "station": station,
        "signs": [(outlet, address, qr.data_uri(address, module=6)) for outlet, address in addresses],
        "crumbs": stations.crumbs(operator, station),
    }
    return render(request, "staff/stations/signs.html", context)
