"""The messages of stations: read again where one could not be digested."""

from datetime import datetime

from charging.models import Station, StationHalt


def try_again(station: Station, *, at: datetime) -> None:
    """Have the message that stops the station read again now."""
    StationHalt.objects.filter(station=station).update(try_at=at)
