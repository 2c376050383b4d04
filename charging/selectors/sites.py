"""Sites as a list with what stands on them, and one site's figures."""

from django.db.models import Count, Q, QuerySet

from charging.models import Connector, Site, SiteAccess
from charging.selectors import plugged_in, words
from tenants.models import User

#: What a driver meets as a station that does not charge.
TROUBLE = (Connector.Status.INOPERATIVE, Connector.Status.OUTOFORDER)


def listing(search: str = "", *, active: bool | None = None) -> QuerySet[Site]:
    """Return the sites by name, with the numbers of their stations and of connectors in each condition.

    search: part of the name, the street or the city.
    """
    rows = matching(search) if active is None else matching(search).filter(is_active=active)
    connectors = "stations__connectors"
    return rows.annotate(
        station_count=Count("stations", distinct=True, filter=Q(stations__merged_into=None)),
        connector_count=Count(connectors, distinct=True),
        charging_count=Count(connectors, distinct=True, filter=Q(**{f"{connectors}__in": _charging()})),
        trouble_count=_with_status(connectors, TROUBLE),
    )


def matching(search: str) -> QuerySet[Site]:
    """Return the sites by name whose name, street or city holds the letters; all for none."""
    rows = Site.objects.order_by("name", "pk")
    if not search:
        return rows
    return rows.filter(words.of_site(search))


def _charging() -> QuerySet[Connector]:
    """The outlets that charge somebody: one with nothing but a cable in it is occupied too."""
    return plugged_in.marked(Connector.objects.filter(status=Connector.Status.CHARGING)).filter(Q(is_plugged_in=False))


def _with_status(connectors: str, statuses: object) -> Count:
    return Count(connectors, distinct=True, filter=Q(**{f"{connectors}__status__in": statuses}))


def of(user: User) -> QuerySet[Site]:
    """Return the sites that a limited member of staff works for here, by name."""
    return Site.objects.filter(access__user=user).order_by("name", "pk")


def ids_of(user: User) -> list[int]:
    """The numbers of the sites that a limited member of staff works for here."""
    return list(SiteAccess.objects.filter(user=user).values_list("site_id", flat=True))
