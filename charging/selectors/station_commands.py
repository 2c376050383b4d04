"""What was asked of stations."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Q, QuerySet

from charging.domain.ocpp import SOURCE, commands
from charging.domain.ocpp import schedules as schedules_told
from charging.domain.ocpp.schedules import Schedule
from charging.models import ChargingSession, Station, StationCommand, StationLink

#: So many answers are looked through: of each outlet the newest is among them.
MOST_SCHEDULES = 50
FORGETTING_SHOWN = 10


def of_station(station: Station) -> QuerySet[StationCommand]:
    """Return what was asked of the station, with who asked; the newest first."""
    return StationCommand.objects.filter(station=station).select_related("asked_by").order_by("-pk")


def open_charges(station: Station) -> QuerySet[ChargingSession]:
    """Return the charges that go on at the station as it tells, by outlet."""
    rows = ChargingSession.objects.filter(station=station, source=SOURCE, state=ChargingSession.State.ACTIVE)
    return rows.select_related("connector", "driver").order_by("connector__number", "pk")


def schedules(station: Station) -> list[tuple[Schedule, StationCommand]]:
    """Return what the station may draw as it told last, of itself and of each outlet that was asked about."""
    rows = of_station(station).filter(kind=StationCommand.Kind.GET_SCHEDULE, state=StationCommand.State.ANSWERED)
    newest: dict[str, StationCommand] = {}
    for row in rows[:MOST_SCHEDULES]:
        newest.setdefault(str(row.wanted.get("connector", "")), row)
    found = [(schedules_told.read(row.answer, outlet, row.asked_at), row) for outlet, row in sorted(newest.items())]
    return [(schedule, row) for schedule, row in found if schedule is not None]


@dataclass(frozen=True, slots=True)
class Forgetting:
    """At how many stations a card that was blocked cannot be remembered any more, since when, and where it still may.

    waiting: the first of those that have not answered; `open_count` of them there are.
    """

    done: int
    last_at: datetime | None
    open_count: int
    waiting: list[Station]


def forgetting(since: datetime) -> Forgetting:
    """Return which stations let no card in without asking since this moment: nothing remembered, and no list of theirs.

    One that remembers none says no, and so does one that has no list.
    """
    answered = StationCommand.objects.filter(done_at__gte=since)
    yes, no = StationCommand.State.ANSWERED, StationCommand.State.REFUSED
    forgot = answered.filter(kind=StationCommand.Kind.FORGET_CARDS, state__in=[yes, no])
    emptied = answered.filter(kind=StationCommand.Kind.EMPTY_LIST).filter(
        Q(state=yes) | Q(state=no, status__in=commands.LISTLESS)
    )
    settled = forgot.filter(station__in=emptied.values("station"))
    last = emptied.filter(station__in=forgot.values("station")).aggregate(last=Max("done_at"))["last"]
    linked = StationLink.objects.filter(connected_at__isnull=False).values("station")
    rows = Station.objects.filter(pk__in=linked, is_active=True, merged_into=None)
    left = rows.exclude(pk__in=settled.values("station"))
    told = settled.aggregate(count=Count("station", distinct=True), last=Max("done_at"))
    waiting = list(left.order_by("identifier")[:FORGETTING_SHOWN])
    last_at = max(told["last"], last) if told["last"] and last else None
    return Forgetting(told["count"], last_at, left.count(), waiting)


def reservations(station: Station, *, at: datetime) -> list[StationCommand]:
    """Return the reservations that the station has said yes to, that still hold and that nobody has cancelled."""
    rows = of_station(station).filter(state=StationCommand.State.ANSWERED)
    cancelled = rows.filter(kind=StationCommand.Kind.CANCEL_RESERVATION).values_list("wanted__reservation", flat=True)
    held = rows.filter(kind=StationCommand.Kind.RESERVE, wanted__until__gt=commands.written(at))
    return [row for row in held if row.wanted["request"] not in set(cancelled)]
