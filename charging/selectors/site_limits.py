"""How a site's power is shared: what each station there is to draw at most, and what it has said yes to."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from charging.domain.ocpp import SOURCE, commands, sharing
from charging.domain.ocpp.sharing import Part
from charging.models import ChargingSession, Connector, Site, SiteLimit, Station, StationCommand, StationLink

#: A station that has said no, or nothing, is asked again after so long.
PATIENCE = timedelta(minutes=5)
_State = StationCommand.State


@dataclass(frozen=True, slots=True)
class Share:
    """A station and its share. part: what stands there. wanted: the share that is right now.

    granted: what the station has said yes to last; None before. asked: the command about it that came last.
    """

    station: Station
    part: Part
    wanted: Decimal
    granted: Decimal | None
    asked: StationCommand | None

    @property
    def holds(self) -> Decimal | None:
        """The most that it may be drawing; None where nobody knows."""
        known = [each for each in (self.granted, self.part.most) if each is not None]
        return min(known) if known else None

    @property
    def is_right(self) -> bool:
        """Whether the station has said yes to what is right now."""
        return self.granted == self.wanted

    def is_to_be_asked(self, at: datetime) -> bool:
        """Whether it does not know yet, is not being asked, and has not just said no."""
        if self.is_right:
            return False
        last = self.asked
        if last is None or last.state == _State.ANSWERED:
            return True
        said_no = last.state not in set(commands.OPEN) and _limit(last) == self.wanted
        return not last.is_open_at(at) and not (said_no and at - last.asked_at < PATIENCE)


def of_site(site: Site) -> SiteLimit | None:
    """Return the site's limit; None where there is none."""
    return SiteLimit.objects.filter(site=site).first()


def shares(limit: SiteLimit) -> list[Share]:
    """Return the share of each station of the site that has ever been connected. Five queries."""
    linked = StationLink.objects.filter(connected_at__isnull=False).values("station")
    rows = Station.objects.filter(site=limit.site_id, is_active=True, merged_into=None, pk__in=linked)
    stations = list(rows.order_by("identifier"))
    power: dict[int, int | None] = {}
    for station, watts in Connector.objects.filter(station__in=stations).values_list("station", "max_power_w"):
        known = power.get(station, 0)
        power[station] = None if watts is None or known is None else known + watts
    going_on = ChargingSession.objects.filter(site=limit.site_id, source=SOURCE, state=ChargingSession.State.ACTIVE)
    cars = Counter(going_on.values_list("station", flat=True))
    parts = [Part(row.pk, cars[row.pk], sharing.most_of(power.get(row.pk), limit.unit)) for row in stations]
    wanted = sharing.share(limit.limit, limit.unit, parts)
    asked = _asked(stations, limit.unit)
    return [
        Share(station, part, wanted[station.pk], _granted(asked.get(station.pk, [])), _last(asked.get(station.pk, [])))
        for station, part in zip(stations, parts, strict=True)
    ]


def is_shared(station: Station) -> bool:
    """Whether the station's limit is a share of its site's."""
    return SiteLimit.objects.filter(site=station.site_id).exists()


def _asked(stations: list[Station], unit: str) -> dict[int, list[StationCommand]]:
    """What each station was told of its share, the newest first."""
    rows = StationCommand.objects.filter(
        station__in=stations, kind=StationCommand.Kind.LIMIT, wanted__shared=True, wanted__unit=unit
    )
    found: dict[int, list[StationCommand]] = {}
    newest = rows.order_by("station", "-pk").distinct("station")
    granted = rows.filter(state=_State.ANSWERED).order_by("station", "-pk").distinct("station")
    for row in sorted({*newest, *granted}, key=lambda row: -row.pk):
        found.setdefault(row.station_id, []).append(row)
    return found


def _last(asked: list[StationCommand]) -> StationCommand | None:
    return asked[0] if asked else None


def _granted(asked: list[StationCommand]) -> Decimal | None:
    return next((_limit(row) for row in asked if row.state == _State.ANSWERED), None)


def _limit(command: StationCommand) -> Decimal:
    return Decimal(str(command.wanted["limit"]))
