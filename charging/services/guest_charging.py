"""Somebody without an account charges where it costs nothing: started and ended by the code beside the outlet.

What they charge with is made of a word of their browser's page and forgotten with the command. No session says who it
was.
"""

import hashlib
from datetime import datetime

from django.db import transaction

from charging.domain.errors import Code, CommandRefused
from charging.domain.ocpp import SOURCE, admission
from charging.domain.ocpp.admission import Basis
from charging.domain.ocpp.commands import Kind
from charging.models import ChargingSession, Connector, StationCharge, StationCommand, StationLink
from charging.services import driver_charging, station_commands

#: So many charges of guests, before a start and since, are looked through for its own.
LOOKED_AT = 20


@transaction.atomic
def start(connector: Connector, *, word: str, at: datetime) -> StationCommand:
    """Ask the station to start a charge that nobody pays for; return what was asked, also if it was before.

    word: of the page from which it is asked; pressing twice on one page asks once. Whether guests may, and whether it
    costs nothing, is asked before.

    Raises:
        CommandRefused: the station is away, or the outlet is taken, does not work, or is being started by somebody.
    """
    tag = admission.GUEST + hashlib.sha256(word.encode()).hexdigest()[:15].upper()
    station, number = connector.station, connector.number
    link = StationLink.objects.select_for_update().filter(station=station).first()
    asked = list(StationCommand.objects.filter(station=station, kind=Kind.START).order_by("-pk")[:5])
    if same := next((row for row in asked if row.wanted.get("guest") == tag), None):
        return same
    if link is None or not link.is_connected_at(at):
        raise CommandRefused(Code.START_STATION_AWAY, station=str(station))
    is_asked = any(row.is_open_at(at) and row.wanted.get("connector") == number for row in asked)
    if is_asked or not driver_charging.is_free(connector):
        raise CommandRefused(Code.START_OUTLET_TAKEN, station=str(station), connector=number)
    return station_commands.ask_for_guest(station, Kind.START, at=at, connector=number, guest=tag)


def begun_by(command: StationCommand) -> ChargingSession | None:
    """Return the charge that a guest's start led to: what was begun there with what this start was asked with.

    Another guest may have begun there since, where this one never came; and a cable that was in before may have begun
    it already.
    """
    charges = StationCharge.objects.filter(station=command.station, basis=Basis.GUEST)
    since = charges.filter(received_at__gte=command.asked_at).order_by("pk")[:LOOKED_AT]
    before = charges.filter(received_at__lt=command.asked_at).order_by("-pk")[:LOOKED_AT]
    tag = command.wanted["guest"]
    numbers = [str(charge.number) for charge in (*since, *before) if charge.id_tag.upper() == tag]
    rows = ChargingSession.objects.filter(source=SOURCE, station=command.station, external_id__in=numbers)
    at_outlet = rows.filter(connector__number=command.wanted.get("connector", ""))
    return at_outlet.select_related("station", "connector", "site").order_by("pk").first()


@transaction.atomic
def stop(session: ChargingSession, *, at: datetime) -> StationCommand:
    """Ask the station to end a guest's charge; return what was asked, also if it was before.

    Raises:
        CommandRefused: the station may not connect, or has too much waiting.
    """
    number = int(session.external_id)
    rows = StationCommand.objects.filter(station=session.station, kind=Kind.STOP, wanted__number=number)
    if (asked := rows.order_by("pk").last()) and asked.is_open_at(at):
        return asked
    return station_commands.ask_for_guest(session.station, Kind.STOP, at=at, number=number)
