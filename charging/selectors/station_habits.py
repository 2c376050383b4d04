"""What a station is made of and how it goes about things, as far as what it said lately tells."""

from dataclasses import dataclass
from datetime import datetime

from charging.domain.ocpp import SOURCE, frames, habits
from charging.domain.ocpp.frames import Call
from charging.domain.ocpp.habits import Habits, Made
from charging.models import ChargingSession, Station, StationMessage

#: So many messages and charges tell.
HEARD, CHARGES = 200, 10


@dataclass(frozen=True, slots=True)
class Known:
    """made: None while no boot is kept. booted_at: when it said so."""

    made: Made | None
    booted_at: datetime | None
    habits: Habits


def of(station: Station) -> Known:
    """Return what the kept messages of the station tell. Three queries."""
    rows = StationMessage.objects.filter(station=station)
    boot = rows.filter(action="BootNotification").order_by("-pk").first()
    said = frames.read(boot.raw) if boot else None
    payload = said.payload if isinstance(said, Call) else None
    heard = [(at, str(raw)) for at, raw in rows.order_by("-pk").values_list("received_at", "raw")[:HEARD]]
    return Known(
        habits.made(payload) if payload is not None else None,
        boot.received_at if boot else None,
        habits.learnt(reversed(heard), _spans(station)),
    )


def _spans(station: Station) -> list[tuple[int, int]]:
    """The last charges at the outlet that was used last."""
    rows = ChargingSession.objects.filter(station=station, source=SOURCE, meter_start_wh__isnull=False)
    ended = rows.filter(state=ChargingSession.State.COMPLETED).order_by("-started_at", "-pk")
    facts = list(ended.values_list("connector", "meter_start_wh", "energy_wh")[:CHARGES])
    return [(start or 0, energy or 0) for outlet, start, energy in reversed(facts) if outlet == facts[0][0]]
