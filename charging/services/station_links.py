"""Letting stations connect: the password that is made for one, and a stranger that knocked taken in."""

from datetime import datetime

from django.db import transaction

from charging.domain.ocpp import passwords
from charging.events import Event
from charging.models import Site, Station, StationKnock, StationLink
from charging.services import stations
from charging.services.stations import Outlet
from tenants.log.audit import record


@transaction.atomic
def make_password(station: Station, *, at: datetime) -> str:
    """Return a new password for the station, which nobody can be shown again.

    The one that the station has works until it has used the new one, however often a new one is made meanwhile.
    """
    password = passwords.new()
    link = StationLink.objects.select_for_update().filter(station=station).first()
    if link is None:
        link = StationLink(station=station)
    link.earlier_kept = link.earlier_kept or link.password_kept
    link.password_kept, link.password_at = passwords.kept(password), at
    link.save(update_fields=["earlier_kept", "password_kept", "password_at"] if link.pk else None)
    StationKnock.objects.filter(identity__iexact=station.identifier).delete()
    record(Event.STATION_PASSWORD_MADE, about=station)
    return password


@transaction.atomic
def adopt(knock: StationKnock, *, site: Site, at: datetime) -> tuple[Station, str]:
    """Make the stranger a station of the site, with one connector, and return it with its password.

    Raises:
        NetworkRefused: there is a station of that name, or the person works for some sites only.
    """
    station = stations.create(identifier=knock.identity, site=site, outlets=[Outlet("1")])
    return station, make_password(station, at=at)
