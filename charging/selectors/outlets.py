"""Outlets as a driver meets them: found, used lately, and what goes on at them."""

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from django.db.models import BooleanField, CharField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet
from django.db.models.functions import Cast

from charging.domain.ocpp import SOURCE, commands
from charging.domain.ocpp.outcome import Reading, outcome
from charging.models import (
    ChargingSession,
    Connector,
    Favourite,
    Site,
    StationCharge,
    StationCommand,
    StationLink,
    StationMessage,
    Token,
)
from charging.models.station_link import LONGEST_SILENCE
from charging.selectors import plugged_in, stations
from charging.selectors.sites import TROUBLE
from tenants.models import Driver

FOUND, LATELY, LOOKED_AT = 20, 4, 50
#: So many others are named to who stands at an outlet where nothing can be started.
BESIDE = 4
#: Two readings further apart than this say little about the power of now.
FRESH_S = 15 * 60


def connected() -> QuerySet[Connector]:
    """Return the outlets that can be asked to charge: of stations in use that are let in, with station and site."""
    rows = Connector.objects.filter(
        Exists(StationLink.objects.filter(station=OuterRef("station"), boot=StationLink.Boot.ACCEPTED)),
        station__is_active=True,
        station__merged_into=None,
        number__regex=commands.NUMBER,
    )
    return plugged_in.marked(rows.select_related("station__site")).order_by("station__identifier", "number")


def matching(search: str) -> list[Connector]:
    """Return outlets whose station, or site, is called so; a few."""
    return list(connected().filter(station__in=stations.listing(search, active=True).order_by())[:FOUND])


def free_beside(connector: Connector, *, at: datetime) -> list[Connector]:
    """Return outlets of the same site that say that they are free, of the same station first; a few."""
    here = StationLink.objects.filter(station=OuterRef("station"), disconnected_at=None, connected_at__isnull=False)
    rows = connected().filter(Exists(here.filter(seen_at__gt=at - LONGEST_SILENCE)))
    rows = rows.filter(station__site=connector.station.site_id).exclude(pk=connector.pk)
    rows = rows.filter(Q(status=Connector.Status.AVAILABLE) | Q(is_plugged_in=True))
    free = rows.exclude(Exists(plugged_in.taking().filter(connector=OuterRef("pk"))))
    elsewhere = ExpressionWrapper(~Q(station=connector.station_id), output_field=BooleanField())
    return list(free.order_by(elsewhere, "station__identifier", "number")[:BESIDE])


def lately(driver: Driver) -> list[Connector]:
    """Return the outlets where the driver charged last, if they can still be started from here."""
    rows = ChargingSession.objects.filter(driver=driver).order_by("-started_at", "-pk")
    used = dict.fromkeys(rows.values_list("connector", flat=True)[:LOOKED_AT])
    here = connected().in_bulk(used)
    return [here[pk] for pk in used if pk in here][:LATELY]


def at_favourites(driver: Driver) -> list[tuple[Site, list[Connector]]]:
    """Return the driver's favourite sites by name, each with its outlets that can be started from here."""
    sites = Site.objects.filter(is_active=True, pk__in=Favourite.objects.filter(driver=driver).values("site"))
    found: dict[int, list[Connector]] = {}
    for connector in connected().filter(station__site__in=sites):
        found.setdefault(connector.station.site_id, []).append(connector)
    return [(site, found.get(site.pk, [])) for site in sites.order_by("name", "pk")]


def is_favourite(driver: Driver, site: Site) -> bool:
    """Whether the site is one of the driver's favourites."""
    return Favourite.objects.filter(driver=driver, site=site).exists()


def going_on(driver: Driver) -> QuerySet[ChargingSession]:
    """Return the charges of the driver that go on, as their stations tell, the newest first."""
    rows = ChargingSession.objects.filter(driver=driver, source=SOURCE, state=ChargingSession.State.ACTIVE)
    return rows.select_related("station", "connector", "site", "driver").order_by("-started_at", "-pk")


def is_broken(connector: Connector) -> bool:
    """Whether its station says that nobody can charge there, so that waiting does not help."""
    return connector.status in TROUBLE


def is_taken(connector: Connector) -> bool:
    """Whether a charge goes on there that is more than a cable."""
    return plugged_in.taking().filter(connector=connector).exists()


def begun_by(command: StationCommand) -> ChargingSession | None:
    """Return the charge that a start from afar led to: the card's first at that outlet since it was asked for.

    Or the one that a cable had begun before, and that the card has gone on with since. A station that tells which
    command a charge followed is believed.
    """
    told = StationCharge.objects.filter(station=command.station, asked_number__isnull=False)
    told = told.annotate(name=Cast("number", CharField())).filter(name=OuterRef("external_id"))
    of_station = ChargingSession.objects.filter(station=command.station, source=SOURCE)
    followed = Exists(told.filter(asked_number=command.wanted.get("request", 0)))
    if (session := of_station.filter(followed).order_by("pk").first()) is not None:
        return session
    marks = Token.uid_marks(command.id_tag, command.operator_id)
    shown = StationMessage.objects.filter(card_mark__in=marks, station=command.station, number__isnull=False)
    numbers = shown.filter(received_at__gte=command.asked_at).values_list("number", flat=True).distinct()
    rows = of_station.filter(connector__number=command.wanted.get("connector", ""), token__uid_mark__in=marks)
    rows = rows.exclude(Exists(told))  # which followed another
    went_on = Q(external_id__in=[str(number) for number in numbers])
    return rows.filter(Q(created_at__gte=command.asked_at) | went_on).order_by("pk").first()


def asked_to_end(session: ChargingSession) -> StationCommand | None:
    """Return the last time that the station was asked to end the charge; None when it never was."""
    rows = StationCommand.objects.filter(station=session.station, kind=StationCommand.Kind.STOP)
    return rows.filter(wanted__number=int(session.external_id)).order_by("pk").last()


@dataclass(frozen=True, slots=True)
class SoFar:
    """A charge up to now: as if it ended at its last reading. power_w: None while too little was read."""

    session: ChargingSession
    read_at: datetime | None
    power_w: int | None


def so_far(session: ChargingSession, *, at: datetime) -> SoFar:
    """Return what a charge that goes on has come to. Nothing is stored; the session is a copy that ends `at`."""
    charge = StationCharge.objects.filter(number=int(session.external_id)).first()
    readings = list(zip(charge.read_at, charge.readings, strict=True)) if charge else []
    last = readings[-1] if readings else None
    ended = max(session.started_at, at)
    told = outcome(session.started_at, session.meter_start_wh, readings, ended, last[1] if last else None)
    copied = copy(session)
    copied.ended_at, copied.energy_wh = ended, told.energy_wh
    if told.series is not None:
        copied.series_start, copied.series_interval_s = told.series.start, told.series.interval_s
        copied.series_wh = list(told.series.wh)
    return SoFar(copied, last[0] if last else None, _power_w(readings[-2:], at=at))


def _power_w(readings: Iterable[Reading], *, at: datetime) -> int | None:
    """The mean power between the last two readings."""
    for (before, low), (after, high) in pairwise(readings):
        seconds = (after - before).total_seconds()
        if seconds > 0 and high >= low and (at - after).total_seconds() < FRESH_S:
            return round((high - low) * 3600 / seconds)
    return None
