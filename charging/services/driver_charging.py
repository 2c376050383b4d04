"""A driver starts and ends a charge from afar. Pressing twice, as on a bad connection, asks once."""

import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from charging.domain.errors import Code, CommandRefused
from charging.domain.ocpp import commands
from charging.domain.ocpp.commands import Kind
from charging.models import ChargingSession, Connector, StationCommand, StationLink, Token
from charging.selectors import outlets, plugged_in
from charging.services import station_commands, tokens
from tenants.models import Driver, User

#: Where a charge can begin. Stations that have not told of an outlet yet decide themselves.
_FREE = {Connector.Status.AVAILABLE, Connector.Status.UNKNOWN}
#: So long after it was asked a station may still begin, once the cable is in.
PLUG_IN = timedelta(minutes=2)


@transaction.atomic
def start(driver: Driver, connector: Connector, *, by: User, at: datetime) -> StationCommand:
    """Ask the station to start a charge that the driver pays for; return what was asked, also if it was before.

    Raises:
        CommandRefused: the station is away, the outlet is taken or does not work, or the driver would not be let in.
    """
    card = _app(driver)
    if asked := _asked(connector, Kind.START, card_mark__in=Token.uid_marks(card.uid, card.operator_id), at=at):
        return asked
    link = StationLink.objects.filter(station=connector.station).first()
    if link is None or not link.is_connected_at(at):
        raise CommandRefused(Code.START_STATION_AWAY, station=str(connector.station))
    if not is_free(connector):
        raise CommandRefused(Code.START_OUTLET_TAKEN, station=str(connector.station), connector=connector.number)
    station, number = connector.station, connector.number
    return station_commands.ask(station, Kind.START, by=by, at=at, card=card.uid, connector=number)


def is_free(connector: Connector) -> bool:
    """Whether a charge can begin there.

    A station of OCPP 2 calls an outlet occupied as soon as a cable is in, before anybody charges, and may tell of a
    charge then: whoever starts goes on with it.
    """
    if connector.status == Connector.Status.CHARGING:
        return plugged_in.marked(Connector.objects.filter(pk=connector.pk)).filter(Q(is_plugged_in=True)).exists()
    return connector.status in _FREE and not outlets.is_taken(connector)


@transaction.atomic
def stop(session: ChargingSession, *, by: User, at: datetime) -> StationCommand:
    """Ask the station to end the charge; return what was asked, also if it was before.

    Raises:
        CommandRefused: the station may not connect, or has too much waiting.
    """
    number = int(session.external_id)
    if asked := _asked(session.connector, Kind.STOP, wanted__number=number, at=at):
        return asked
    return station_commands.ask(session.station, Kind.STOP, by=by, at=at, number=number)


def _app(driver: Driver) -> Token:
    """What the driver charges with from afar: made the first time, a number that stations take for a card's."""
    Driver.objects.select_for_update().get(pk=driver.pk)
    found = Token.objects.filter(driver=driver, kind=Token.Kind.APP_USER, merged_into=None).order_by("pk").first()
    return found or tokens.create(uid=secrets.token_hex(10).upper(), kind=Token.Kind.APP_USER, driver=driver)


def _asked(connector: Connector, kind: Kind, *, at: datetime, **same: object) -> StationCommand | None:
    rows = StationCommand.objects.filter(station=connector.station, kind=kind, state__in=commands.OPEN, **same)
    here = [row for row in rows.order_by("-pk")[:5] if row.is_open_at(at)]
    return next((row for row in here if row.wanted.get("connector") in {None, connector.number}), None)
