"""An outlet as anybody meets it who reads the code beside it: its price and its state, without an account.

Where charging costs nothing and the operator lets guests charge, it is started and ended from here too.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from uuid import UUID, uuid4

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from charging.domain.ocpp.commands import Kind
from charging.models import ChargingSession, Connector, StationCommand, StationLink
from charging.selectors import outlets
from charging.services import driver_charging
from charging.services import guest_charging as guests
from portal.gate import throttle
from portal.gate.access import find_access, public_view
from portal.gate.requests import client_network
from portal.gate.throttle import TooMany
from portal.web.acts import REFUSALS
from portal.web.outlet_prices import costs_nothing, prices
from portal.words.say import why
from tenants.models import Operator
from tenants.permissions import Permission
from tenants.scoping import tenant_scope

_GUESTS = "a guest charges where the operator lets anybody charge for nothing"
_LONGEST_WORD = 40


@public_view("the price stands before a charge, for whoever stands at the outlet (AFIR art. 5)")
def public_outlet(request: HttpRequest, slug: str, public_id: UUID, number: str) -> HttpResponse:
    """Show what charging costs there, and how to begin; a driver of the operator is led on to their own page.

    An outlet that cannot be started from a phone is not found, nor one of an operator that has been closed.
    """
    with _scope_of(slug) as operator:
        access = find_access(request.user, slug=slug) if request.user.is_authenticated else None
        connector = _connector(public_id, number)
        if access is not None and Permission.USE_DRIVER_PAGES in access.permissions:
            return redirect("driver:outlet", slug, public_id, number)
        return render(request, "home/outlet.html", _context(operator, connector))


@require_POST
@public_view(_GUESTS)
def public_outlet_start(request: HttpRequest, slug: str, public_id: UUID, number: str) -> HttpResponse:
    """Start a charge for a guest: where it costs nothing, one at a time, and not too often from one network."""
    with _scope_of(slug) as operator:
        connector = _connector(public_id, number)
        if not _may_start(connector):
            raise Http404
        word = request.POST.get("word", "")[:_LONGEST_WORD] or str(uuid4())
        try:
            throttle.admit(throttle.GUEST_FROM_NETWORK, client_network(request))
            throttle.admit(throttle.GUEST_AT_OUTLET, connector.pk)
            command = guests.start(connector, word=word, at=timezone.now())
        except TooMany:
            wrong = _("Too many charges were started here just now. Try again in a few minutes.")
            return render(request, "home/outlet.html", _context(operator, connector, wrong), status=429)
        except REFUSALS as refusal:
            return render(request, "home/outlet.html", _context(operator, connector, why(refusal)), status=400)
        return redirect("public_guest", slug, command.public_id)


@public_view(_GUESTS)
def public_guest(request: HttpRequest, slug: str, command_id: UUID) -> HttpResponse:
    """Show what has become of a guest's start: who has the address of this page is the guest."""
    with _scope_of(slug) as operator:
        command, now = _asked(command_id), timezone.now()
        session = guests.begun_by(command)
        is_over = session is not None and session.state != ChargingSession.State.ACTIVE
        asked = outlets.asked_to_end(session) if session and not is_over else None
        state = command.state_at(now)
        is_agreed = state == StationCommand.State.ANSWERED
        may_come = command.is_open_at(now) or (is_agreed and now < command.not_after + driver_charging.PLUG_IN)
        context = {
            "operator_name": operator.name,
            "slug": slug,
            "command": command,
            "station": command.station,
            "number": command.wanted.get("connector", ""),
            "session": session,
            "is_over": is_over,
            "so_far": outlets.so_far(session, at=now) if session and not is_over else None,
            "duration_s": round(((session.ended_at or now) - session.started_at).total_seconds()) if session else 0,
            "currency": operator.currency,
            "asked_state": asked.state_at(now) if asked else None,
            "is_asked": asked is not None and asked.is_open_at(now),
            "state": state,
            "is_agreed": is_agreed,
            "may_come": may_come,
        }
        return render(request, "home/guest.html", context)


@require_POST
@public_view(_GUESTS)
def public_guest_stop(request: HttpRequest, slug: str, command_id: UUID) -> HttpResponse:
    """Ask the station to end the guest's charge."""
    with _scope_of(slug):
        session = guests.begun_by(_asked(command_id))
        if session is not None and session.state == ChargingSession.State.ACTIVE:
            with suppress(*REFUSALS):  # too much waits for the station; the page still shows the charge
                guests.stop(session, at=timezone.now())
        return redirect("public_guest", slug, command_id)


@contextmanager
def _scope_of(slug: str) -> Iterator[Operator]:
    operator = Operator.objects.filter(slug=slug, state=Operator.State.ACTIVE).first()
    if operator is None:
        raise Http404
    with tenant_scope(operator.pk):
        yield operator


def _connector(public_id: UUID, number: str) -> Connector:
    connector = outlets.connected().filter(station__public_id=public_id, number=number).first()
    if connector is None:
        raise Http404
    return connector


def _asked(command_id: UUID) -> StationCommand:
    rows = StationCommand.objects.filter(kind=Kind.START, public_id=command_id, wanted__has_key="guest")
    command = rows.select_related("station__site").first()
    if command is None:
        raise Http404
    return command


def _may_start(connector: Connector) -> bool:
    return connector.station.site.guests_start and costs_nothing(connector.station)


def _context(operator: Operator, connector: Connector, wrong: str = "") -> dict[str, object]:
    link, station = StationLink.objects.filter(station=connector.station).first(), connector.station
    now = timezone.now()
    is_connected, is_free = link is not None and link.is_connected_at(now), driver_charging.is_free(connector)
    return {
        "operator_name": operator.name,
        "contact": {"email": operator.email, "phone": operator.phone},
        "slug": operator.slug,
        "connector": connector,
        "station": station,
        "site": station.site,
        "prices": prices(None, station),
        "is_connected": is_connected,
        "is_free": is_free,
        "is_broken": outlets.is_broken(connector),
        "others": [] if is_connected and is_free else outlets.free_beside(connector, at=now),
        "guests_start": _may_start(connector),
        "word": uuid4(),
        "wrong": wrong,
    }
