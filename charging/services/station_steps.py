"""Reading what stations said, station by station, some messages a transaction.

A message that cannot be digested stops its own station alone: what came before it is kept, the others go on, and it is
tried again after one, two, four … minutes, or when somebody says so.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F

from charging.models import StationHalt, StationMessage
from charging.services import station_commands, station_sessions
from tenants.scoping import tenant_scope

TOGETHER = 100
LONGEST_REST = timedelta(hours=1)
_ALONE = "SELECT pg_try_advisory_xact_lock(hashtext('station_messages'), (%s %% 2147483647)::int)"


def read_waiting(operator_id: int, *, clock: Callable[[], datetime]) -> int:
    """Read what waits at every station; return how many messages were read."""
    with tenant_scope(operator_id):
        halted = StationHalt.objects.filter(try_at__gt=clock()).values("station")
        waiting = StationMessage.objects.filter(is_read=False).exclude(station__in=halted)
        stations = list(waiting.order_by().values_list("station", flat=True).distinct())
    return sum(_read_station(operator_id, station_id, clock=clock) for station_id in stations)


def close_abandoned(operator_id: int, *, clock: Callable[[], datetime]) -> None:
    """Close the sessions whose stop is missing, and settle commands that nobody answers any more."""
    with tenant_scope(operator_id):
        station_sessions.close_abandoned(at=clock())
        station_commands.settle(at=clock())


def _read_station(operator_id: int, station_id: int, *, clock: Callable[[], datetime]) -> int:
    done, step = 0, TOGETHER
    while step == TOGETHER:
        with tenant_scope(operator_id):
            step = _read_some(station_id, at=clock())
        done += step
    return done


def _read_some(station_id: int, *, at: datetime) -> int:
    """Read the next messages; 0 while another process does it."""
    with connection.cursor() as cursor:
        cursor.execute(_ALONE, [station_id])
        if not cursor.fetchone()[0]:
            return 0
    rows = StationMessage.objects.filter(station=station_id, is_read=False).select_related("station__site")
    done = 0
    for message in rows.order_by("pk")[:TOGETHER]:
        try:
            with transaction.atomic():
                remark = station_sessions.read(message)
        except Exception as error:  # whatever it is, it is this station's alone
            _halt(message, error, at=at)
            return done
        StationMessage.objects.filter(pk=message.pk).update(is_read=True, remark=remark)
        done += 1
    if done:
        StationHalt.objects.filter(station=station_id).delete()
    return done


def _halt(message: StationMessage, error: Exception, *, at: datetime) -> None:
    facts = {"message": message.pk, "error": type(error).__name__[:60]}
    halt, is_new = StationHalt.objects.get_or_create(
        station=message.station, defaults={**facts, "since": at, "try_at": at + timedelta(minutes=1)}
    )
    if not is_new:
        rest = min(timedelta(minutes=2 ** min(halt.attempts, 6)), LONGEST_REST)
        StationHalt.objects.filter(pk=halt.pk).update(**facts, attempts=F("attempts") + 1, try_at=at + rest)
