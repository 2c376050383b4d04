"""Stations with their connectors: what does not work first."""

from django.db.models import Exists, Min, OuterRef, Prefetch, Q, QuerySet

from charging.models import Connector, ConnectorState, Station, StationHalt, StationLink
from charging.selectors import plugged_in, words
from charging.selectors.sites import TROUBLE

FAULTY, CHARGING, FREE, SILENT = "faulty", "charging", "free", "silent"
#: What a list of stations can be narrowed to, as the state of one of the connectors. One with a cable in that nobody
#: charges by is free, whatever its station calls that.
CONDITIONS = {
    FAULTY: Q(status__in=TROUBLE),
    CHARGING: Q(status=Connector.Status.CHARGING, is_plugged_in=False),
    FREE: Q(status=Connector.Status.AVAILABLE) | Q(is_plugged_in=True),
    SILENT: Q(status=Connector.Status.UNKNOWN),
}


def listing(search: str = "", *, condition: str = "", active: bool | None = None) -> QuerySet[Station]:
    """Return the stations by identifier, each with its site and, in `outlets`, its connectors; no merged ones.

    search: part of the identifier, the name, or the site's name. condition: one of `CONDITIONS`, or empty for all.
    """
    rows = whole(Station.objects.filter(merged_into=None)).order_by("identifier")
    if search:
        rows = rows.filter(words.of_station(search))
    if active is not None:
        rows = rows.filter(is_active=active)
    if condition in CONDITIONS:
        here = plugged_in.marked(Connector.objects.filter(station=OuterRef("pk")))
        rows = rows.filter(Exists(here.filter(CONDITIONS[condition])))
    return rows


def whole(rows: QuerySet[Station]) -> QuerySet[Station]:
    """Return the rows with all that the page of a station tells, also of one that was merged into another."""
    outlets = Prefetch("connectors", plugged_in.marked(Connector.objects.order_by("number")), to_attr="outlets")
    return rows.select_related("site", "merged_into").prefetch_related(outlets)


def faulty_first(rows: QuerySet[Station]) -> QuerySet[Station]:
    """Return the stations with `faulty` (whether something there does not work) and `faulty_since`, these first."""
    trouble = Q(connectors__status__in=TROUBLE)
    is_faulty = Exists(Connector.objects.filter(station=OuterRef("pk"), status__in=TROUBLE))
    told = rows.annotate(faulty=is_faulty, faulty_since=Min("connectors__status_at", filter=trouble))
    return told.order_by("-faulty", "identifier", "pk")


def in_trouble() -> QuerySet[Connector]:
    """Return the connectors that cannot charge, the longest out of order first."""
    rows = Connector.objects.filter(status__in=TROUBLE, station__is_active=True)
    return rows.select_related("station__site").order_by("status_at", "pk")


def states(station: Station) -> QuerySet[ConnectorState]:
    """Return the states that the station's connectors have had, as far as they are known, the newest first."""
    return ConnectorState.objects.filter(connector__station=station).select_related("connector").order_by("-at", "-pk")


def link(station: Station) -> StationLink | None:
    """Return how the station reaches us; None when it may not."""
    return StationLink.objects.filter(station=station).first()


def halt(station: Station) -> StationHalt | None:
    """Return why the station's messages are not read on; None while they are."""
    return StationHalt.objects.filter(station=station).first()
