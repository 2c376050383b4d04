"""Charges that stations told of late, after days without a connection."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from charging.domain.ocpp import SOURCE
from charging.models import ChargingSession, Station, StationCharge
from tenants.models import Driver

#: A driver finds them on their pages for so long, or until they say that they have seen them.
SHOWN = timedelta(days=60)
#: Staff find them on the station's page for so long.
ON_STATION = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a station handed in late on one day: how many charges, and when the oldest of them began."""

    day: date
    charges: int
    oldest: datetime


def unseen(driver: Driver, *, at: datetime) -> list[ChargingSession]:
    """Return the driver's charges that came late and that they have not been shown yet, the oldest first."""
    charges = StationCharge.objects.filter(late_at__gt=at - SHOWN, late_seen_at=None)
    return list(sessions_of(charges).filter(driver=driver).order_by("started_at", "pk"))


def sessions_of(charges: Iterable[StationCharge]) -> QuerySet[ChargingSession]:
    """Return the sessions of charges, each with its site."""
    numbers = [str(charge.number) for charge in charges]
    return ChargingSession.objects.filter(source=SOURCE, external_id__in=numbers).select_related("site")


def came_at(session: ChargingSession) -> datetime | None:
    """Return when the station told of the session, if that was late."""
    if session.source != SOURCE:
        return None
    charges = StationCharge.objects.filter(number=int(session.external_id)).values_list("late_at", flat=True)
    return charges.first()


def at_station(station: Station, *, zone: ZoneInfo, at: datetime) -> list[Arrival]:
    """Return what the station handed in late, by the day on which it came, the newest first."""
    charges = list(StationCharge.objects.filter(station=station, late_at__gt=at - ON_STATION))
    began = {int(row.external_id): row.started_at for row in sessions_of(charges)}
    days: dict[date, list[datetime]] = {}
    for charge in charges:
        if charge.late_at is not None and charge.number in began:
            days.setdefault(charge.late_at.astimezone(zone).date(), []).append(began[charge.number])
    return [Arrival(day, len(starts), min(starts)) for day, starts in sorted(days.items(), reverse=True)]
