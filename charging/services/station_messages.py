"""The messages of stations: read again where one could not be digested, and forgotten when they are old.

So is what was asked of stations: that somebody asked stands in the audit log.
"""

from datetime import datetime, timedelta

from charging.models import Station, StationCommand, StationHalt, StationMessage

#: How long they are kept: as proof of what a station said, for whoever asks.
KEPT = timedelta(days=30)
_TOGETHER = 10_000


def forget(*, at: datetime) -> int:
    """Remove messages and commands that were kept long enough, so many at once; return how many. 0: no more."""
    old = StationMessage.objects.filter(received_at__lt=at - KEPT).order_by("received_at").values_list("pk", flat=True)
    gone, _ = StationMessage.objects.filter(pk__in=list(old[:_TOGETHER])).delete()
    asked = StationCommand.objects.filter(asked_at__lt=at - KEPT).order_by("asked_at").values_list("pk", flat=True)
    more, _ = StationCommand.objects.filter(pk__in=list(asked[:_TOGETHER])).delete()
    return gone + more


def try_again(station: Station, *, at: datetime) -> None:
    """Have the message that stops the station read again now."""
    StationHalt.objects.filter(station=station).update(try_at=at)
