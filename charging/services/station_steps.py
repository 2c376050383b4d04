"""Reading what stations said, in the order of each, the messages of many a transaction.

A message that cannot be digested stops its own station alone: those read with it are read again one by one, what came
before it is kept, the others go on, and it is tried again after one, two, four … minutes, or when somebody says so.
"""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import OperationalError, connection, transaction
from django.db.models import F

from charging.domain.ocpp import v16
from charging.domain.ocpp.commands import Kind
from charging.models import StationHalt, StationMessage
from charging.services import card_notices, late_charges, signed_values, site_limits, station_commands, station_sessions
from charging.services.station_desk import Desk
from tenants.scoping import tenant_scope

#: Messages a transaction: enough to share its cost, few enough that nobody waits for the rows it changes.
TOGETHER = 250
LONGEST_REST = timedelta(hours=1)
#: The answer to it says whether a station keeps to its share of the site's power; in both versions.
_SHARE_TOLD = v16.MESSAGES[Kind.LIMIT]
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
            waiting, after = _taken(after, at=clock())
            stations = list(dict.fromkeys(message.station_id for message in waiting))
            try:
                with transaction.atomic():
                    sites |= _read_together(waiting)
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


def _taken(after: int, *, at: datetime) -> tuple[list[StationMessage], int | None]:
    """Return the oldest messages of some stations that nobody else reads now, in order, and where to go on.

    after: the first station to look at. Where to go on: a station, None when there are no more.
    """
    halted = StationHalt.objects.filter(try_at__gt=at).values("station")
    unread = StationMessage.objects.filter(is_read=False)
    waiting = unread.filter(station__gte=after).exclude(station__in=halted)
    stations = list(waiting.order_by("station").values_list("station", flat=True).distinct()[:TOGETHER])
    with connection.cursor() as cursor:
        cursor.execute(_ALONE, [stations])
        free = [station_id for (station_id,) in cursor.fetchall()]
    found = list(unread.filter(station__in=free).order_by("station", "pk")[:TOGETHER])
    if len(found) == TOGETHER:
        return found, found[-1].station_id
    return found, stations[-1] + 1 if len(stations) == TOGETHER else None


def _read_together(messages: list[StationMessage]) -> set[int]:
    """Read them; return the sites where charges have begun or ended, or a station has answered about its share."""
    remarks: dict[str, list[int]] = defaultdict(list)
    desk = Desk(
        [message.station_id for message in messages],
        [message.number for message in messages if message.number is not None],
    )
    for message in messages:
        message.station = desk.stations[message.station_id]
        remarks[station_sessions.read(message, desk)].append(message.pk)
    station_sessions.settle(desk)
    desk.put_away()
    late_charges.note((session, desk.charge_of(session)) for session in desk.ended.values())
    card_notices.look_at_journeys(desk.begun)
    card_notices.look_at_guesses(messages)
    for remark, read in remarks.items():
        StationMessage.objects.filter(pk__in=read).update(is_read=True, remark=remark)
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
