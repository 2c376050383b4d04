"""Stations with their connectors."""

from django.db.models import Prefetch, QuerySet

from charging.models import Connector, Station
from charging.selectors.sites import TROUBLE


def listing() -> QuerySet[Station]:
    """Return the stations by identifier, each with its site and, in `outlets`, its connectors."""
    outlets = Prefetch("connectors", Connector.objects.order_by("number"), to_attr="outlets")
    return Station.objects.select_related("site").prefetch_related(outlets).order_by("identifier")


def in_trouble() -> QuerySet[Connector]:
    """Return the connectors that cannot charge, the longest out of order first."""
    rows = Connector.objects.filter(status__in=TROUBLE, station__is_active=True)
    return rows.select_related("station__site").order_by("status_at", "pk")
