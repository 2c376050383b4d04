"""Charging sessions as lists, sums and neighbours.

One function narrows, `listing`; whatever shows sessions (a page, its totals, an export) starts from it, so
they cannot disagree. Conditions are plain comparisons of indexed columns, because under row security
PostgreSQL uses an index for nothing else.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import (
    CharField,
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
)

from charging.domain.limits import Limits
from charging.domain.ocpp import SOURCE
from charging.domain.ocpp.admission import Basis
from charging.models import ChargingSession, Site, Station, StationCharge, Token
from tenants.models import Driver

#: Sessions that overlap another one begin so shortly before it; one that runs longer has a flag of its own.
LOOK_BACK = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What a list of sessions is narrowed to; None and the empty text narrow nothing.

    `since` and `until` bound the start of the session, the second one exclusively. `like` is what words mean
    (`charging.selectors.words`).
    """

    since: datetime | None = None
    until: datetime | None = None
    site: Site | None = None
    station: Station | None = None
    driver: Driver | None = None
    token: Token | None = None
    state: str = ""
    review: str = ""
    flag: str = ""
    like: Q | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over a list: how many sessions, their energy, and the time from start to end of the ended ones."""

    sessions: int
    energy_wh: int
    duration_s: int


@dataclass(frozen=True, slots=True)
class DayTotals:
    """Sums over the sessions that started on one day."""

    sessions: int
    energy_wh: int


def listing(criteria: Criteria) -> QuerySet[ChargingSession]:
    """Return the sessions that meet all criteria, in no order."""
    rows = ChargingSession.objects.filter(**_equal(criteria), **_between(criteria))
    if criteria.like is not None:
        rows = rows.filter(criteria.like)
    if criteria.flag:
        rows = _flagged(rows, criteria.flag)
    return rows


def shown(rows: QuerySet[ChargingSession]) -> QuerySet[ChargingSession]:
    """Return the rows with all that a line of a list names, and without their series."""
    return rows.select_related("site", "station", "connector", "token", "driver__identity").defer("series_wh")


def totals(rows: QuerySet[ChargingSession]) -> Totals:
    """Sum the rows in the database."""
    time = ExpressionWrapper(F("ended_at") - F("started_at"), output_field=DurationField())
    found = rows.order_by().aggregate(sessions=Count("pk"), energy=Sum("energy_wh"), time=Sum(time))
    duration = found["time"].total_seconds() if found["time"] else 0
    return Totals(found["sessions"], int(found["energy"] or 0), int(duration))


def whole(rows: QuerySet[ChargingSession]) -> QuerySet[ChargingSession]:
    """Return the rows with all that a page about one session tells."""
    return rows.select_related("site", "station", "connector", "token", "driver__identity", "file_import")


def neighbours(session: ChargingSession) -> tuple[ChargingSession | None, ChargingSession | None]:
    """Return the session that started just before this one, and the one just after."""
    rows = ChargingSession.objects.only("public_id", "external_id", "started_at")
    before = rows.filter(started_at__lte=session.started_at).exclude(started_at=session.started_at, pk__gte=session.pk)
    after = rows.filter(started_at__gte=session.started_at).exclude(started_at=session.started_at, pk__lte=session.pk)
    return before.order_by("-started_at", "-pk").first(), after.order_by("started_at", "pk").first()


def active() -> QuerySet[ChargingSession]:
    """Return the sessions in progress, newest first."""
    return ChargingSession.objects.filter(state=ChargingSession.State.ACTIVE).order_by("-started_at", "-pk")


def under_review(flag: str = "") -> QuerySet[ChargingSession]:
    """Return the sessions that wait for a person's decision, all or those with one flag."""
    rows = ChargingSession.objects.filter(review=ChargingSession.Review.PENDING)
    return _flagged(rows, flag) if flag else rows


def slack(limits: Limits) -> timedelta:
    """By how much two sessions of one connector may overlap without a word."""
    return timedelta(seconds=limits.overlap_s)


def overlapped(rows: QuerySet[ChargingSession]) -> dict[int, ChargingSession]:
    """Return another session that had the same connector at the same time, by the id of each of the rows.

    Or that is the same charge, told by another source as of another outlet of the station. One that is written off is
    charged to nobody, and counts for nothing.
    """
    limits = Limits()
    beside = ChargingSession.objects.filter(
        Q(
            connector=OuterRef("connector"),
            started_at__lt=OuterRef("ended_at") - slack(limits),
            ended_at__gt=OuterRef("started_at") + slack(limits),
        )
        | _told_by_another(limits),
        station=OuterRef("station"),
        started_at__gt=OuterRef("started_at") - LOOK_BACK,
        started_at__lt=OuterRef("ended_at"),
    ).exclude(Q(pk=OuterRef("pk")) | Q(review=ChargingSession.Review.WRITTEN_OFF))
    first = beside.order_by("started_at", "pk").values("pk")[:1]
    found = dict(rows.order_by().annotate(beside=Subquery(first)).values_list("pk", "beside"))
    others = ChargingSession.objects.only("public_id", "external_id", "started_at").in_bulk(
        [pk for pk in found.values() if pk]
    )
    return {pk: others[other] for pk, other in found.items() if other in others}


def of_guests(rows: Iterable[ChargingSession]) -> set[int]:
    """Return which of the sessions nobody pays for, as a guest charged where that is free; by their ids."""
    told = {int(row.external_id): row.pk for row in rows if row.source == SOURCE and row.external_id.isdecimal()}
    guests = StationCharge.objects.filter(number__in=list(told), basis=Basis.GUEST) if told else ()
    return {told[charge.number] for charge in guests}


def _told_by_another(limits: Limits) -> Q:
    """That a session of the station is the charge of the outer one, told by another source."""
    apart, wh = timedelta(seconds=limits.twice_s), OuterRef("energy_wh")
    by_share = limits.twice_percent / Decimal(100)
    who = Q(driver=OuterRef("driver")) | Q(driver=None, token=OuterRef("token"))
    return (
        who
        & ~Q(source=OuterRef("source"))
        & Q(started_at__range=(OuterRef("started_at") - apart, OuterRef("started_at") + apart))
        & Q(ended_at__range=(OuterRef("ended_at") - apart, OuterRef("ended_at") + apart))
        & (
            Q(energy_wh__range=(wh - limits.twice_wh, wh + limits.twice_wh))
            | Q(energy_wh__range=(wh * (1 - by_share), wh * (1 + by_share)))
        )
    )


def _flagged(rows: QuerySet[ChargingSession], flag: str) -> QuerySet[ChargingSession]:
    """Keep those with the flag. That there are flags at all is what the index of flagged sessions goes by."""
    return rows.exclude(flags=[]).filter(flags__contains=[flag])


def review_counts() -> dict[str, int]:
    """Return how many sessions wait for a decision, by flag. A session with two flags counts twice."""
    waiting = under_review().annotate(flag=Func(F("flags"), function="unnest", output_field=CharField()))
    return dict(waiting.order_by().values_list("flag").annotate(Count("pk")))


def _equal(criteria: Criteria) -> dict[str, object]:
    names = ("site", "station", "driver", "token", "state", "review")
    return {name: value for name in names if (value := getattr(criteria, name))}


def _between(criteria: Criteria) -> dict[str, datetime]:
    bounds = {"started_at__gte": criteria.since, "started_at__lt": criteria.until}
    return {bound: moment for bound, moment in bounds.items() if moment is not None}
