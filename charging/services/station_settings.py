"""Settings of stations: what they tell is kept, templates are written, and stations are brought into line with them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from charging.domain.errors import Code, CommandRefused, NetworkRefused
from charging.domain.ocpp import commands, secrecy, v16, v201
from charging.domain.ocpp.commands import Kind
from charging.domain.ocpp.frames import Answer, Call
from charging.models import SettingTemplate, Station, StationCommand, StationMessage, StationSetting
from charging.selectors import station_settings as selectors
from charging.services import station_commands
from tenants.conflicts import refused_as
from tenants.models import User

#: Of one message, and of one station.
MOST = 2_000
#: Settings that a template may want: so many commands wait for one station at most.
MOST_WANTED = station_commands.MOST_OPEN
_State = StationCommand.State


def told(message: StationMessage, said: Answer | Call) -> None:
    """Keep the settings that a station tells, in an answer or in a report of its own."""
    payload = said.payload or {}
    match message.action:
        case "GetConfiguration" if _named(message, said):
            _keep(message, v16.settings(payload))
            unknown = [name for name in v16.rows(payload.get("unknownKey")) if isinstance(name, str)]
            rows = StationSetting.objects.filter(station=message.station, read_at__lte=message.received_at)
            rows.filter(name__in=unknown).delete()
        case "GetVariables" if isinstance(said, Answer):
            _keep(message, [(name, value, None) for name, value in v201.variables(payload)])
        case "GetConfiguration":
            if _keep(message, v16.settings(payload)):  # it tells all that there are
                StationSetting.objects.filter(station=message.station, read_at__lt=message.received_at).delete()
        case v201.REPORT:
            _keep(message, v201.settings(payload))
        case "ChangeConfiguration" | "SetVariables" if isinstance(said, Answer):
            _keep_changed(message, said)


def _named(message: StationMessage, said: Answer | Call) -> bool:
    """Whether only some settings were asked for, by their names."""
    return _asked(message, said, Kind.READ_NAMED) is not None


def _asked(message: StationMessage, said: Answer | Call, kind: Kind) -> StationCommand | None:
    """The command of this kind that was answered."""
    try:
        asked = StationCommand.objects.filter(public_id=UUID(said.message_id), station=message.station)
    except ValueError:
        return None
    return asked.filter(kind=kind, state=_State.ANSWERED).first()


def _keep(message: StationMessage, found: Iterable[tuple[str, str, bool | None]]) -> bool:
    """Store what is newer than what is known. Returns whether there was anything.

    found: name, value, and whether it can only be read; None where that is as it was.
    """
    fitting = [row for row in found if len(row[0]) <= commands.LONGEST_SETTING]
    by_name = {name: (value, is_fixed) for name, value, is_fixed in fitting[:MOST]}
    rows = StationSetting.objects.filter(station=message.station)
    fixed = set(rows.filter(name__in=by_name, is_fixed=True).values_list("name", flat=True))
    newer = set(rows.filter(name__in=by_name, read_at__gt=message.received_at).values_list("name", flat=True))
    room = MOST - rows.exclude(name__in=by_name).count()
    kept = [
        StationSetting(
            station=message.station,
            name=name,
            value=secrecy.shown(name, value),
            is_fixed=name in fixed if is_fixed is None else is_fixed,
            read_at=message.received_at,
        )
        for name, (value, is_fixed) in by_name.items()
        if name not in newer and not commands.is_secret(name)
    ]
    StationSetting.objects.bulk_create(
        kept[: max(0, room)],
        update_conflicts=True,
        unique_fields=["operator", "station", "name"],
        update_fields=["value", "is_fixed", "read_at"],
    )
    return bool(by_name)


def _keep_changed(message: StationMessage, said: Answer) -> None:
    command = _asked(message, said, Kind.CHANGE_SETTING)
    if command is not None:
        _keep(message, [(str(command.wanted["key"]), command.value, False)])


@transaction.atomic
def save_template(template: SettingTemplate, *, name: str, wanted: Mapping[str, str]) -> SettingTemplate:
    """Let the template be called so and want this.

    Raises:
        NetworkRefused: another one is called so.
        CommandRefused: it wants too much, or the station's password, which is made and shown elsewhere.
    """
    if any(commands.is_secret(key) for key in wanted):
        raise CommandRefused(Code.COMMAND_PASSWORD)
    if secret := next((key for key, value in wanted.items() if secrecy.shown(key, value) != value), ""):
        raise CommandRefused(Code.TEMPLATE_SECRET, name=secret)
    if len(wanted) > MOST_WANTED:
        raise CommandRefused(Code.TEMPLATE_TOO_LONG, most=MOST_WANTED)
    template.name, template.wanted = name, dict(wanted)
    with refused_as(NetworkRefused(Code.TEMPLATE_TAKEN, name=name), constraint="setting_template_name_once"):
        template.save()
    return template


def align(stations: Sequence[Station], template: SettingTemplate, *, by: User, at: datetime) -> tuple[int, list[str]]:
    """Ask the stations to be as the template wants; return of how many settings, and which stations were not asked.

    What a station says can only be read is left out. Each station for itself: one that cannot be asked stops no other.
    """
    asked, refused = 0, []
    for station in stations:
        lines = [line for line in selectors.differences([station], template)[station.pk] if not line.is_fixed]
        try:
            with transaction.atomic():
                for line in lines:
                    station_commands.ask(
                        station, Kind.CHANGE_SETTING, by=by, at=at, key=line.name, value=line.wanted or ""
                    )
        except CommandRefused:
            refused.append(str(station))
        else:
            asked += len(lines)
    return asked, refused


def read(stations: Sequence[Station], *, by: User, at: datetime) -> tuple[int, list[str]]:
    """Ask the stations for all their settings; return how many were asked, and which were not."""
    refused = []
    for station in stations:
        try:
            station_commands.ask(station, Kind.READ_SETTINGS, by=by, at=at)
        except CommandRefused:
            refused.append(str(station))
    return len(stations) - len(refused), refused
