"""Noticing cards that are guessed, copied or shared, while what stations say is read; and that somebody has seen it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F

from charging.domain import journeys
from charging.domain.journeys import Oddity, Stay
from charging.domain.ocpp import SOURCE, v201
from charging.events import Event
from charging.models import CardNotice, ChargingSession, Site, Station, StationCharge, StationMessage
from tenants.log.audit import record
from tenants.models import User

#: A charge that goes on, and of which nothing was heard for longer, may be over.
STILL = timedelta(minutes=15)
#: How far from a charge another one with its card is looked for.
NEAR = timedelta(days=1)
#: Messages in which a card is shown.
_WITH_CARD = ("Authorize", "StartTransaction", v201.EVENT)
_UNKNOWN = '"Invalid"'
_MOST_READ = 500


def look_at_journeys(begun: Iterable[ChargingSession]) -> None:
    """Notice cards with which these charges cannot have begun, by where else they were. Three queries at most."""
    new = [row for row in begun if row.token_id is not None]
    others = _of_the_same_cards(new)
    heard = _heard([*new, *(row for rows in others.values() for row in rows)]) if others else {}
    for row in new:
        for other in others.get(row.token_id or 0, []):
            if other.pk < row.pk and other.site_id != row.site_id:
                _compare(row, other, heard)


def _of_the_same_cards(new: Sequence[ChargingSession]) -> dict[int, list[ChargingSession]]:
    """By card the charges around these, of those cards that were at more than one site."""
    if not new:
        return {}
    starts, sites, found = [row.started_at for row in new], defaultdict(set), defaultdict(list)
    near = ChargingSession.objects.filter(started_at__gte=min(starts) - NEAR, started_at__lte=max(starts) + NEAR)
    rows = near.filter(token__in={row.token_id for row in new})
    for token, site in rows.order_by().values_list("token", "site").distinct():
        sites[token].add(site)
    moving = [token for token, seen in sites.items() if len(seen) > 1]
    for row in near.filter(token__in=moving).select_related("site").order_by("pk") if moving else ():
        found[row.token_id or 0].append(row)
    return found


def _compare(row: ChargingSession, other: ChargingSession, heard: dict[str, datetime]) -> None:
    found = journeys.judge(_stay(row, heard), _stay(other, heard))
    if found is not None:
        facts = {"minutes": found.minutes, "km": found.km}
        _note(found.oddity, row.station_id, row.started_at, facts, session=row, other_site=other.site)


def _stay(session: ChargingSession, heard: dict[str, datetime]) -> Stay:
    site = session.site
    is_placed = site.latitude is not None and site.longitude is not None
    place = (float(site.latitude or 0), float(site.longitude or 0)) if is_placed else None
    ended = session.ended_at or heard.get(session.external_id, session.started_at)
    return Stay(session.site_id, session.started_at, max(ended, session.started_at), place)


def _heard(sessions: Iterable[ChargingSession]) -> dict[str, datetime]:
    """Until when the charges that go on are sure to have gone on."""
    told = [row for row in sessions if row.ended_at is None and row.source == SOURCE]
    numbers = [int(row.external_id) for row in told]
    charges = StationCharge.objects.filter(number__in=numbers) if numbers else []
    return {str(row.number): max([row.received_at, *row.read_at[-1:]]) + STILL for row in charges}


def look_at_guesses(messages: Sequence[StationMessage]) -> None:
    """Notice stations at which one unknown card after the other is tried."""
    last: dict[int, StationMessage] = {}
    for message in messages:
        if message.action in _WITH_CARD and _UNKNOWN in message.answer:
            last[message.station_id] = message
    for message in last.values():
        _look_at_guesses(message)


def _look_at_guesses(message: StationMessage) -> None:
    since = message.received_at - journeys.WITHIN
    known = CardNotice.objects.filter(kind=Oddity.GUESSING, station=message.station_id, token=None, seen_at=None)
    if known.filter(at__gte=since).exists():
        return
    tried = StationMessage.objects.filter(
        station=message.station_id,
        pk__lte=message.pk,
        received_at__gte=since,
        action__in=_WITH_CARD,
        answer__contains=_UNKNOWN,
    )
    count = len(set(tried.order_by("-pk").values_list("card_mark", flat=True)[:_MOST_READ]))
    if count > journeys.MOST_UNKNOWN:
        _note(Oddity.GUESSING, message.station_id, message.received_at, {"cards": count})


def _note(
    kind: Oddity,
    station_id: int,
    at: datetime,
    facts: dict[str, int | None],
    *,
    session: ChargingSession | None = None,
    other_site: Site | None = None,
) -> None:
    """Keep it, or that it happened once more; the log tells the first time."""
    said: dict[str, Any] = {**facts, "at": at, "other_site": other_site}
    if session is None:
        which: dict[str, Any] = {"token_id": None, "station_id": station_id}
    else:
        which = {"token_id": session.token_id}
        said |= {"station_id": station_id, "driver_id": session.driver_id}
    notice, is_new = CardNotice.objects.get_or_create(**which, kind=kind, seen_at=None, defaults={**said, "since": at})
    if is_new:
        record(Event.CARD_NOTICED, about=Station.objects.get(pk=station_id), kind=str(kind), **facts)
    else:
        CardNotice.objects.filter(pk=notice.pk).update(**said, times=F("times") + 1)


@transaction.atomic
def see(notice: CardNotice, *, by: User, at: datetime) -> None:
    """Note that somebody has looked after it; what happens from then on is noticed anew."""
    found = CardNotice.objects.select_for_update().select_related("station").get(pk=notice.pk)
    if found.seen_at is None:
        found.seen_by, found.seen_at = by, at
        found.save(update_fields=["seen_by", "seen_at"])
        record(Event.CARD_NOTICE_SEEN, about=found.station, kind=found.kind)
