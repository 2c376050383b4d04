"""What happens in the network right now, and what happened today."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet, Sum

from charging.models import ChargingSession, Connector, FileImport
from charging.selectors import plugged_in, sessions, stations, tokens
from charging.selectors.sessions import DayTotals

#: An import older than this no longer asks for attention: whoever wanted to correct its rows has done so.
RECENT = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Attention:
    """What waits for a person. Zero means that nothing does."""

    under_review: int
    cards_without_driver: int
    imports_with_rejects: Sequence[FileImport]


def statuses() -> dict[str, int]:
    """Return how many connectors of stations in use are in each status."""
    rows = Connector.objects.filter(station__is_active=True).order_by().values_list("status")
    return dict(rows.annotate(Count("pk")))


def plugged_in_count() -> int:
    """Return how many connectors of stations in use have a cable in that nobody charges by: told as charging above."""
    return plugged_in.marked(Connector.objects.filter(station__is_active=True)).filter(Q(is_plugged_in=True)).count()


def in_progress() -> QuerySet[ChargingSession]:
    """Return the sessions in progress, the longest last."""
    return sessions.shown(sessions.active())


def trouble() -> QuerySet[Connector]:
    """Return the connectors that cannot charge, the longest out of order first."""
    return stations.in_trouble()


def started_between(since: datetime, until: datetime) -> QuerySet[ChargingSession]:
    """Return the sessions that started from `since` to before `until`: a session belongs to the day it started."""
    return ChargingSession.objects.filter(started_at__gte=since, started_at__lt=until)


def day_totals(rows: QuerySet[ChargingSession]) -> DayTotals:
    """Count sessions and sum their energy."""
    found = rows.aggregate(sessions=Count("pk"), energy=Sum("energy_wh"))
    return DayTotals(found["sessions"], int(found["energy"] or 0))


def attention(*, at: datetime) -> Attention:
    """Return what waits for a person."""
    return Attention(
        under_review=sessions.under_review().count(),
        cards_without_driver=tokens.unassigned().count(),
        imports_with_rejects=list(
            FileImport.objects.filter(rejected__gt=0, created_at__gte=at - RECENT).order_by("-created_at")[:3]
        ),
    )


def has_sessions() -> bool:
    """Tell whether there is any session yet: otherwise the overview says how to begin."""
    return ChargingSession.objects.exists()
