"""A site's power, shared over its stations as charges begin and end.

Never more than the limit: a station gets more only when the others have said yes to having less, so that what all of
them may draw together fits at every moment, also while one of them is away.
"""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from charging.domain.errors import CommandRefused
from charging.domain.ocpp.commands import Kind
from charging.models import Site, SiteLimit
from charging.selectors import site_limits as selectors
from charging.selectors.site_limits import Share
from charging.services import station_commands
from tenants.models import User


@transaction.atomic
def keep(site: Site, *, limit: Decimal, unit: str, at: datetime) -> SiteLimit:
    """Let the site draw at most so much, and tell its stations."""
    row, _is_new = SiteLimit.objects.update_or_create(site=site, defaults={"limit": limit, "unit": unit})
    _balance(row, at=at)
    return row


@transaction.atomic
def lift(limit: SiteLimit, *, by: User, at: datetime) -> None:
    """Let the stations draw what they can again; one that cannot be told keeps its share until somebody lifts it."""
    told = [share.station for share in selectors.shares(limit) if share.asked is not None]
    limit.delete()
    for station in told:
        try:
            station_commands.ask(station, Kind.CLEAR_LIMIT, by=by, at=at)
        except CommandRefused:
            continue


@transaction.atomic
def balance(sites: Collection[int] | None = None, *, at: datetime) -> None:
    """Tell the stations of these sites, or of all, their shares, where these have changed."""
    rows = SiteLimit.objects.select_for_update(skip_locked=True).order_by("pk")
    for limit in rows if sites is None else rows.filter(site__in=sites):
        _balance(limit, at=at)


def _balance(limit: SiteLimit, *, at: datetime) -> None:
    shares = selectors.shares(limit)
    drawn = {share.station.pk: share.holds for share in shares}
    for share in sorted(shares, key=_gains):
        others = [most for station, most in drawn.items() if station != share.station.pk]
        is_less = share.granted is None or share.wanted <= share.granted
        fits = None not in others and sum((most for most in others if most is not None), share.wanted) <= limit.limit
        if (is_less or fits) and share.is_to_be_asked(at):
            _tell(share, limit.unit, at=at)
            drawn[share.station.pk] = max(share.wanted, share.holds or share.wanted)


def _gains(share: Share) -> Decimal:
    """By how much more it may draw: who is to draw less is told first."""
    return share.wanted - (share.granted if share.granted is not None else share.wanted)


def _tell(share: Share, unit: str, *, at: datetime) -> None:
    try:
        station_commands.tell_share(share.station, share.wanted, unit, at=at)
    except CommandRefused:  # too much waits for it: it is told at the next occasion
        return
