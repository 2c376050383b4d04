"""Reading what stations said, in the order of each, the messages of many a transaction.

A message that cannot be digested stops its own station alone: those read with it are read again one by one, what came
before it is kept, the others go on, and it is tried again after one, two, four … minutes, or when somebody says so.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import OperationalError, connection, transaction
from django.db.models import F

from charging.domain.ocpp import v16
from charging.domain.ocpp.commands import Kind
from charging.models import StationHalt, StationMessage
from charging.services import (
    card_notices,
    late_charges,
    signed_values,
    site_limits,
    station_commands,
    station_rows,
    station_sessions,
)
from charging.services.station_desk import Desk
from tenants.scoping import tenant_scope

#: Messages a transaction: enough to share its cost, few enough that nobody waits for the rows it changes.
TOGETHER = 500
LONGEST_REST = timedelta(hours=1)
#: The answer to it says whether a station keeps to its share of the site's power; in both versions.
_SHARE_TOLD = v16.MESSAGES[Kind.LIMIT]
#: What is read of a message; what else is asked for is read then.
_OF_MESSAGES = ("id", "operator", "station", "received_at", "action", "raw", "answer", "number")
#: The oldest of each station, in the order of stations. Asked so, the index of what is unread is followed, and nothing
#: is looked at that was read.
_UNREAD = """
    SELECT station_id FROM charging_stationmessage
    WHERE NOT is_read AND station_id >= %s AND station_id <> ALL(%s::bigint[]) ORDER BY station_id, id LIMIT %s
"""
_OLDEST = """
    SELECT {columns} FROM unnest(%s::bigint[]) WITH ORDINALITY AS free (station_id, place) CROSS JOIN LATERAL (
        SELECT * FROM charging_stationmessage m WHERE NOT m.is_read AND m.station_id = free.station_id
        ORDER BY m.id LIMIT %s) AS charging_stationmessage
    ORDER BY free.place, charging_stationmessage.id LIMIT %s
"""
_READ = """
    UPDATE charging_stationmessage m SET is_read = true, remark = said.remark
    FROM unnest(%s::bigint[], %s::text[]) AS said (id, remark) WHERE m.id = said.id
"""
_ALONE = """
    SELECT id FROM unnest(%s::bigint[]) AS id
    WHERE pg_try_advisory_xact_lock(hashtext('station_messages'), (id %% 2147483647)::int)
"""


def read_waiting(operator_id: int, *, clock: Callable[[], datetime]) -> int:
    """Read what waits at every station, one after the other; return how many messages were read."""
    done, sites = 0, set[int]()
    after: int | None = 0
    while after is not None:
        alone: list[int] = []
        with tenant_scope(operator_id):
            halts = dict(StationHalt.objects.values_list("station", "try_at"))
            waiting, after = _taken(after, resting=[station for station, until in halts.items() if until > clock()])
            stations = list(dict.fromkeys(message.station_id for message in waiting))
            try:
                with transaction.atomic():
                    sites |= _read_together(waiting)
                    if not halts.keys().isdisjoint(stations):
                        StationHalt.objects.filter(station__in=stations).delete()
                done += len(waiting)
            except OperationalError:  # the database is away, which is no fault of a message
                raise
            except Exception:  # one of them cannot be digested: which, is found one by one
                alone = stations
        done += sum(_read_station(operator_id, station_id, clock=clock) for station_id in alone)
    if sites:
        with tenant_scope(operator_id):
            site_limits.balance(sites, at=clock())
    return done


def close_abandoned(operator_id: int, *, clock: Callable[[], datetime]) -> None:
    """Close sessions whose stop is missing, settle commands, share power, look again at what is proven since."""
    with tenant_scope(operator_id):
        station_sessions.close_abandoned(at=clock())
        station_commands.settle(at=clock())
        site_limits.balance(at=clock())
        signed_values.look_again()


def _taken(after: int, *, resting: list[int]) -> tuple[list[StationMessage], int | None]:
    """Return the oldest messages of some stations that nobody else reads now, in order, and where to go on.

    after: the first station to look at. resting: stations that are left out. Where to go on: a station, None when there
    are no more.
    """
    with connection.cursor() as cursor:
        cursor.execute(_UNREAD, [after, resting, TOGETHER])
        unread = [station_id for (station_id,) in cursor.fetchall()]
        if not unread:
            return [], None
        # Messages are asked for when the stations are this transaction's: then none is found that another one has read.
        cursor.execute(_ALONE, [sorted(set(unread))])
        free = sorted(station_id for (station_id,) in cursor.fetchall())
    found = station_rows.asked(StationMessage, _OF_MESSAGES, _OLDEST, [free, TOGETHER, TOGETHER])
    if len(found) == TOGETHER:
        return found, found[-1].station_id
    return found, unread[-1] + 1 if len(unread) == TOGETHER else None


def _read_together(messages: list[StationMessage]) -> set[int]:
    """Read them; return the sites where charges have begun or ended, or a station has answered about its share."""
    remarks: list[str] = []
    desk = Desk(
        [message.station_id for message in messages],
        [message.number for message in messages if message.number is not None],
    )
    for message in messages:
        message.station = desk.stations[message.station_id]
        remarks.append(station_sessions.read(message, desk))
    station_sessions.settle(desk)
    desk.put_away()
    late_charges.note((session, desk.charge_of(session)) for session in desk.ended.values())
    card_notices.look_at_journeys(desk.begun)
    card_notices.look_at_guesses(messages)
    with connection.cursor() as cursor:
        cursor.execute(_READ, [[message.pk for message in messages], remarks])
    desk.read_again()
    told = {message.station.site_id for message in messages if message.action == _SHARE_TOLD}
    return told | {session.site_id for session in [*desk.begun, *desk.ended.values()]}


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
        cursor.execute(_ALONE, [[station_id]])
        if not cursor.fetchone():
            return 0
    rows = StationMessage.objects.filter(station=station_id, is_read=False)
    done = 0
    for message in rows.order_by("pk")[:TOGETHER]:
        try:
            with transaction.atomic():
                _read_together([message])
        except Exception as error:  # whatever it is, it is this station's alone
            _halt(message, error, at=at)
            return done
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
