"""A driver starts a charge from afar, sees it grow, and ends it.

Every step is a page that stands by itself, so it works without script and over a connection that comes and goes: what
was pressed twice was asked once, and a page that is opened again shows what has become of it.
"""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from billing.selectors import stakes
from charging.domain.ocpp import SOURCE
from charging.domain.ocpp.commands import Kind
from charging.models import ChargingSession, Connector, Site, StationCommand, StationLink
from charging.selectors import outlets
from charging.services import driver_charging as services
from charging.services import favourites
from portal.gate.access import SignedInRequest, driver_view
from portal.web.acts import REFUSALS, told
from portal.web.outlet_prices import prices as prices_of
from portal.words.say import why
from tenants.models import Operator


class OutletFilter(forms.Form):
    """Which outlets are looked for."""

    q = forms.CharField(label=gettext_lazy("Station or site"), required=False, max_length=100, widget=forms.SearchInput)


@driver_view
def charge(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show the charges that go on, where the driver charged last, and what is found."""
    filters = OutletFilter(request.GET)
    search = filters.cleaned_data["q"].strip() if filters.is_valid() else ""
    context = {
        "nav": "charge",
        "going_on": list(outlets.going_on(request.driver)),
        "favourites": [] if search else outlets.at_favourites(request.driver),
        "filters": filters,
        "search": search,
        "outlets": outlets.matching(search) if search else outlets.lately(request.driver),
    }
    return render(request, "driver/charging/page.html", context)


@driver_view
def outlet(request: SignedInRequest, operator: Operator, public_id: UUID, number: str) -> HttpResponse:
    """Show one outlet: whether it is free, and what charging costs there, before anything is started."""
    return _outlet(request, operator, _connector(public_id, number))


@driver_view
@require_POST
def favourite(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Keep the site as a favourite, or no longer; back to where it was pressed."""
    site = get_object_or_404(Site, public_id=public_id, is_active=True)
    if not favourites.choose(request.driver, site, is_one=request.POST.get("is_one") == "1"):
        messages.error(
            request, _("You have %(most)s favourites already: take one away first.") % {"most": favourites.MOST}
        )
    station, number = request.POST.get("station", ""), request.POST.get("number", "")
    connector = outlets.connected().filter(station__identifier=station, number=number, station__site=site).first()
    if connector is not None:
        return redirect("driver:outlet", operator.slug, connector.station.public_id, connector.number)
    return redirect("driver:charge", operator.slug)


@driver_view
@require_POST
def outlet_start(request: SignedInRequest, operator: Operator, public_id: UUID, number: str) -> HttpResponse:
    """Ask the station to start a charge for the driver."""
    connector, now = _connector(public_id, number), timezone.now()
    if not prices_of(request.driver, connector.station):
        return _outlet(request, operator, connector, wrong=_("No price is set here, so nothing can be started."))
    try:
        command = services.start(request.driver, connector, by=request.user, at=now)
    except REFUSALS as refusal:
        return _outlet(request, operator, connector, wrong=why(refusal))
    return redirect("driver:start", operator.slug, command.public_id)


@driver_view
def start(request: SignedInRequest, operator: Operator, command_id: UUID) -> HttpResponse:
    """Show what has become of a start: on to the charge once it has begun, else what is waited for or went wrong."""
    rows = StationCommand.objects.filter(asked_by=request.user, kind=Kind.START).select_related("station__site")
    command = get_object_or_404(rows, public_id=command_id)
    begun = outlets.begun_by(command)
    if begun is not None:
        return redirect("driver:live", operator.slug, begun.public_id)
    number, now = command.wanted.get("connector", ""), timezone.now()
    state = command.state_at(now)
    is_agreed = state == StationCommand.State.ANSWERED
    may_come = command.is_open_at(now) or (is_agreed and now < command.not_after + services.PLUG_IN)
    context = {
        "nav": "charge",
        "command": command,
        "state": state,
        "is_agreed": is_agreed,
        "may_come": may_come,
        "back": reverse("driver:outlet", args=[operator.slug, command.station.public_id, number]),
        "number": number,
    }
    return render(request, "driver/charging/start.html", context)


@driver_view
def live(request: SignedInRequest, operator: Operator, session_id: UUID) -> HttpResponse:
    """Show a charge as it grows; one that has ended stands in the history, with its price."""
    session = _own(request, session_id)
    if session.state != ChargingSession.State.ACTIVE:
        return redirect("driver:session_detail", operator.slug, session.public_id)
    now = timezone.now()
    so_far = outlets.so_far(session, at=now)
    (stake,) = stakes.of([so_far.session])
    asked = outlets.asked_to_end(session)
    context = {
        "nav": "charge",
        "session": session,
        "so_far": so_far,
        "stake": stake,
        "duration_s": round((now - session.started_at).total_seconds()),
        "now": now,
        "asked": asked,
        "asked_state": asked.state_at(now) if asked else None,
        "is_asked": asked is not None and asked.is_open_at(now),
    }
    return render(request, "driver/charging/live.html", context)


@driver_view
@require_POST
def live_stop(request: SignedInRequest, operator: Operator, session_id: UUID) -> HttpResponse:
    """Ask the station to end the driver's charge."""
    session = _own(request, session_id)
    if session.state == ChargingSession.State.ACTIVE:
        told(request, _("The station is asked to stop."), services.stop, session, by=request.user, at=timezone.now())
    return redirect("driver:live", operator.slug, session.public_id)


def _connector(public_id: UUID, number: str) -> Connector:
    return get_object_or_404(outlets.connected(), station__public_id=public_id, number=number)


def _own(request: SignedInRequest, session_id: UUID) -> ChargingSession:
    rows = ChargingSession.objects.filter(driver=request.driver, source=SOURCE)
    session = rows.select_related("station", "connector", "site", "driver").filter(public_id=session_id).first()
    if session is None:
        raise Http404
    return session


def _outlet(request: SignedInRequest, operator: Operator, connector: Connector, *, wrong: str = "") -> HttpResponse:
    if wrong:
        messages.error(request, wrong)
    now = timezone.now()
    link = StationLink.objects.filter(station=connector.station).first()
    mine = outlets.going_on(request.driver).filter(connector=connector).first()
    prices = prices_of(request.driver, connector.station)
    is_connected, is_free = link is not None and link.is_connected_at(now), services.is_free(connector)
    context = {
        "nav": "charge",
        "connector": connector,
        "station": connector.station,
        "site": connector.station.site,
        "prices": prices,
        "mine": mine,
        "is_favourite": outlets.is_favourite(request.driver, connector.station.site),
        "is_connected": is_connected,
        "is_free": is_free,
        "is_broken": outlets.is_broken(connector),
        "others": [] if mine or (is_connected and is_free) else outlets.free_beside(connector, at=now),
        "may_start": bool(prices) and is_connected and is_free,
        "crumbs": [(_("Charge"), reverse("driver:charge", args=[operator.slug]))],
    }
    return render(request, "driver/charging/outlet.html", context, status=400 if wrong else 200)
