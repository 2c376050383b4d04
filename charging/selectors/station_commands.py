"""What was asked of stations."""

from datetime import datetime

from django.db.models import QuerySet

from charging.domain.ocpp import SOURCE, commands
from charging.models import ChargingSession, Station, StationCommand


def of_station(station: Station) -> QuerySet[StationCommand]:
    """Return what was asked of the station, with who asked; the newest first."""
    return StationCommand.objects.filter(station=station).select_related("asked_by").order_by("-pk")


def open_charges(station: Station) -> QuerySet[ChargingSession]:
    """Return the charges that go on at the station as it tells, by outlet."""
    rows = ChargingSession.objects.filter(station=station, source=SOURCE, state=ChargingSession.State.ACTIVE)
    return rows.select_related("connector", "driver").order_by("connector__number", "pk")


def reservations(station: Station, *, at: datetime) -> list[StationCommand]:
    """Return the reservations that the station has said yes to, that still hold and that nobody has cancelled."""
    rows = of_station(station).filter(state=StationCommand.State.ANSWERED)
    cancelled = rows.filter(kind=StationCommand.Kind.CANCEL_RESERVATION).values_list("wanted__reservation", flat=True)
    held = rows.filter(kind=StationCommand.Kind.RESERVE, wanted__until__gt=commands.written(at))
    return [row for row in held if row.wanted["request"] not in set(cancelled)]
