"""What was asked of stations."""

from django.db.models import QuerySet

from charging.domain.ocpp import SOURCE, frames, v16
from charging.models import ChargingSession, Station, StationCommand


def of_station(station: Station) -> QuerySet[StationCommand]:
    """Return what was asked of the station, with who asked; the newest first."""
    return StationCommand.objects.filter(station=station).select_related("asked_by").order_by("-pk")


def open_charges(station: Station) -> QuerySet[ChargingSession]:
    """Return the charges that go on at the station as it tells, by outlet."""
    rows = ChargingSession.objects.filter(station=station, source=SOURCE, state=ChargingSession.State.ACTIVE)
    return rows.select_related("connector", "driver").order_by("connector__number", "pk")


def settings(station: Station) -> tuple[StationCommand | None, list[tuple[str, str, bool]]]:
    """Return the latest reading of the station's settings, and those it gave; None before the first."""
    kind, answered = StationCommand.Kind.READ_SETTINGS, StationCommand.State.ANSWERED
    latest = of_station(station).filter(kind=kind, state=answered).first()
    read = frames.read(latest.answer) if latest else None
    payload = read.payload if isinstance(read, frames.Answer) and read.payload else {}
    return latest, v16.settings(payload)
