"""What stations are set to, beside what an operator wants."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, OuterRef, QuerySet, Subquery

from charging.domain.ocpp import secrecy
from charging.models import SettingTemplate, Station, StationLink, StationSetting


@dataclass(frozen=True, slots=True)
class Setting:
    """One line: a setting as the station has it, and as it is wanted. None: the station, or nobody, says."""

    name: str
    value: str | None
    wanted: str | None
    is_fixed: bool = False

    @property
    def differs(self) -> bool:
        """Whether the station has it otherwise than wanted."""
        return self.value is not None and self.wanted is not None and not same(self.value, self.wanted)

    @property
    def is_hidden(self) -> bool:
        """Whether the value is kept from everybody, in whole or in part."""
        return secrecy.HIDDEN in (self.value or "")

    @property
    def is_lacking(self) -> bool:
        """Whether it is wanted and the station has no such setting."""
        return self.value is None


def same(one: str, other: str) -> bool:
    """Whether two values say the same: stations write lists and yes or no in their own ways."""
    first, second = ([part.strip().casefold() for part in text.split(",")] for text in (one, other))
    return first == second


def read_at(station: Station) -> datetime | None:
    """Return when the settings were read last; None before the first time."""
    newest: datetime | None = StationSetting.objects.filter(station=station).aggregate(at=Max("read_at"))["at"]
    return newest


def of_station(station: Station, template: SettingTemplate | None = None) -> list[Setting]:
    """Return a station's settings by name, with what a template wants; what it wants and is not there stands last."""
    rows = StationSetting.objects.filter(station=station).order_by("name")
    return _beside(list(rows), template.wanted if template else {})


def stations() -> QuerySet[Station]:
    """Return the stations that may connect, with their site, and when their settings were read (`settings_at`)."""
    newest = StationSetting.objects.filter(station=OuterRef("pk")).order_by("-read_at").values("read_at")[:1]
    linked = StationLink.objects.values("station")
    rows = Station.objects.filter(pk__in=linked, is_active=True, merged_into=None).select_related("site")
    return rows.annotate(settings_at=Subquery(newest)).order_by("-pk")


def differences(chosen: Sequence[Station], template: SettingTemplate) -> dict[int, list[Setting]]:
    """Return by station which settings are otherwise than the template wants. One query."""
    found: dict[int, list[StationSetting]] = {station.pk: [] for station in chosen}
    for row in StationSetting.objects.filter(station__in=found, name__in=template.wanted).order_by("name"):
        found[row.station_id].append(row)
    return {key: [line for line in _beside(rows, template.wanted) if line.differs] for key, rows in found.items()}


def _beside(rows: Sequence[StationSetting], wanted: dict[str, str]) -> list[Setting]:
    told = [Setting(row.name, row.value, wanted.get(row.name), row.is_fixed) for row in rows]
    known = {line.name for line in told}
    return told + [Setting(name, None, value) for name, value in sorted(wanted.items()) if name not in known]
