"""An outlet as anybody meets it who reads the code beside it: its price and its state, without an account."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from charging.models import Connector, StationLink
from charging.selectors import outlets
from charging.services import driver_charging
from portal.gate.access import find_access, public_view
from portal.web.outlet_prices import prices
from tenants.models import Operator
from tenants.permissions import Permission
from tenants.scoping import tenant_scope


@public_view("the price stands before a charge, for whoever stands at the outlet (AFIR art. 5)")
def public_outlet(request: HttpRequest, slug: str, public_id: UUID, number: str) -> HttpResponse:
    """Show what charging costs there, and how to begin; a driver of the operator is led on to their own page.

    An outlet that cannot be started from a phone is not found, nor one of an operator that has been closed.
    """
    operator = Operator.objects.filter(slug=slug, state=Operator.State.ACTIVE).first()
    if operator is None:
        raise Http404
    access = find_access(request.user, slug=slug) if request.user.is_authenticated else None
    is_driver = access is not None and Permission.USE_DRIVER_PAGES in access.permissions
    with tenant_scope(operator.pk):
        connector = outlets.connected().filter(station__public_id=public_id, number=number).first()
        if connector is None:
            raise Http404
        if is_driver:
            return redirect("driver:outlet", slug, public_id, number)
        return render(request, "home/outlet.html", _context(operator, connector))


def _context(operator: Operator, connector: Connector) -> dict[str, object]:
    link, station = StationLink.objects.filter(station=connector.station).first(), connector.station
    return {
        "operator_name": operator.name,
        "slug": operator.slug,
        "connector": connector,
        "station": station,
        "site": station.site,
        "prices": prices(None, station),
        "is_connected": link is not None and link.is_connected_at(timezone.now()),
        "is_free": driver_charging.is_free(connector),
    }
