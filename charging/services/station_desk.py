"""What the reader of stations has before it while it reads some messages: loaded together, written together.

A row is one object here, whoever asks for it; what messages did to it is written when all are read (`put_away`). One
reader at a time reads a station (`station_steps`), so nothing else changes what lies here; sessions are locked against
people who decide on them.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from charging.domain.card_numbers import spelled
from charging.domain.holders import Held
from charging.domain.ocpp import SOURCE
from charging.domain.ocpp.v16 import Signed
from charging.domain.reasons import Flag
from charging.domain.signed import ocmf
from charging.models import ChargingSession, Connector, SignedRecord, Station, StationCharge, StationMessage, Token
from charging.selectors import tokens
from charging.services import station_rows

#: What is read of each: all that messages ask for. What else is asked for is read then.
_OF_STATIONS = ("id", "operator", "site", "identifier", "vendor", "model", "counts_exported")
_OF_CONNECTORS = ("id", "operator", "station", "number", "max_power_w", "standard", "status", "status_at")
_OF_CHARGES = (
    *("id", "operator", "station", "number", "received_at", "id_tag", "verdict", "basis", "read_at", "readings"),
    *("said", "outlet", "is_stopped"),
)
_OF_SESSIONS = (
    *("id", "operator", "source", "external_id", "site", "station", "connector", "token", "driver", "started_at"),
    *("ended_at", "energy_wh", "meter_start_wh", "stop_reason", "state", "review", "flags"),
)
_IS_OPEN = f"source = '{SOURCE}' AND state = '{ChargingSession.State.ACTIVE}'"
_GROWTH = ("energy_wh",)
#: All that a beginning says; the end too, as a session whose beginning comes late has none any more.
_BEGINNING = (
    *("connector", "token", "driver", "started_at", "meter_start_wh", "state", "ended_at", "energy_wh", "review"),
    "flags",
)
_END = (
    *("state", "ended_at", "energy_wh", "stop_reason", "review", "flags"),
    *("series_start", "series_interval_s", "series_wh"),
)


class Desk:
    """Charges, sessions, connectors and cards of some stations.

    stations: which ones. numbers: the charges that messages name, of these stations.
    """

    def __init__(self, stations: Iterable[int], numbers: Iterable[int]) -> None:
        found = station_rows.by_key(Station, "id", set(stations), _OF_STATIONS)
        self.stations = {row.pk: row for row in found}
        connectors = station_rows.by_key(Connector, "station_id", self.stations, _OF_CONNECTORS)
        self._connectors = {(row.station_id, row.number): row for row in connectors}
        self._by_pk = {row.pk: row for row in connectors}
        self._charges: dict[int, StationCharge] = {}
        self._sessions: dict[int, ChargingSession] = {}
        self._cards: dict[str, tuple[Token | None, list[Held[int]]]] = {"": (None, [])}
        self._has_open = False
        self._states: dict[int, Connector] = {}
        self._read: dict[int, StationCharge] = {}
        self._new: list[ChargingSession] = []
        self.signed: list[SignedRecord] = []
        self._grown: dict[int, ChargingSession] = {}
        self._stopped: list[int] = []
        self._changed: dict[int, ChargingSession] = {}
        self._again: dict[int, StationMessage] = {}
        self.ended: dict[int, ChargingSession] = {}
        self._take(row for row in _charges(numbers) if row.station_id in self.stations)

    def _take(self, charges: Iterable[StationCharge]) -> None:
        """Lay charges here, with their sessions and the cards of those that have none yet."""
        new = {row.number: row for row in charges if row.number not in self._charges}
        self._charges |= new
        named, is_ours = [str(number) for number in new], f"source = '{SOURCE}'"
        self._lay(
            station_rows.by_key(ChargingSession, "external_id", named, _OF_SESSIONS, more=is_ours, is_locked=True)
        )
        self._look_up({spelled(row.id_tag) for number, row in new.items() if number not in self._sessions})

    def _lay(self, sessions: Iterable[ChargingSession]) -> None:
        for session in sessions:
            if session.connector_id in self._by_pk:
                session.connector = self._by_pk[session.connector_id]
            self._sessions[int(session.external_id)] = session

    def _look_up(self, uids: set[str]) -> None:
        uids = uids - set(self._cards)
        if not uids:
            return
        self._cards |= {uid: (None, []) for uid in uids}
        found = {uid: token for uid, token in tokens.meant(uids).items() if token is not None}
        histories = tokens.histories([token.pk for token in found.values()])
        self._cards |= {uid: (token, histories[token.pk]) for uid, token in found.items()}

    def charge(self, number: int | None, station: int) -> StationCharge | None:
        """The charge of that number, if it is one of the station's."""
        found = None if number is None else self._charges.get(number)
        return found if found and found.station_id == station else None

    def begins(self, charge: StationCharge) -> None:
        """Lay a charge here that the gateway has not numbered."""
        self._take([charge])

    def charge_of(self, session: ChargingSession) -> StationCharge:
        """The charge of a session that lies here."""
        return self._charges[int(session.external_id)]

    def session_of(self, charge: StationCharge) -> ChargingSession | None:
        """The session of a charge; None before its start was read."""
        return self._sessions.get(charge.number)

    def open_at(self, station: int, connector: str = "") -> list[ChargingSession]:
        """The sessions that go on at the station, or at one of its connectors: there none that is only put there."""
        if not self._has_open:
            self._has_open = True
            rows = station_rows.by_key(
                ChargingSession, "station_id", self.stations, ("id", "external_id"), more=_IS_OPEN
            )
            self._take(_charges({int(row.external_id) for row in rows} - set(self._charges)))
        return [
            session
            for session in self._sessions.values()
            if session.state == ChargingSession.State.ACTIVE
            and session.station_id == station
            and (not connector or (connector == session.connector.number and Flag.OUTLET_MISSING not in session.flags))
        ]

    def is_taken(self, connector: Connector, began: datetime, ended: datetime) -> bool:
        """Whether a charge that has ended was at the connector in this time."""
        here = [session for session in self._sessions.values() if session.connector_id == connector.pk]
        if any(session.ended_at and session.started_at < ended and session.ended_at > began for session in here):
            return True
        rows = ChargingSession.objects.filter(connector=connector, started_at__lt=ended, ended_at__gt=began)
        return rows.exists()

    def is_beside(self, session: ChargingSession, slack: timedelta) -> bool:
        """Whether another charge that has ended was at its connector for longer than that while the session went on."""
        if session.ended_at is None:
            return False
        began, ended = session.started_at + slack, session.ended_at - slack
        rows = ChargingSession.objects.filter(connector=session.connector_id, started_at__lt=ended, ended_at__gt=began)
        stored = rows.exclude(flags__contains=[Flag.OUTLET_MISSING])
        if stored.exclude(external_id__in=[str(number) for number in self._sessions]).exists():
            return True
        return any(
            other.ended_at is not None and other.started_at < ended and other.ended_at > began
            for other in self._sessions.values()
            if other is not session
            and other.connector_id == session.connector_id
            and Flag.OUTLET_MISSING not in other.flags
        )

    def card(self, id_tag: str) -> tuple[Token | None, list[Held[int]]]:
        """The card that a charge was begun with, and who has had it; the newer one of two that were merged."""
        self._look_up({spelled(id_tag)})
        return self._cards[spelled(id_tag)]

    def connector(self, station: Station, number: str) -> Connector:
        """The station's connector of that number; made where nobody entered it."""
        key = (station.pk, number)
        if key not in self._connectors:
            self._connectors[key] = found = Connector.objects.get_or_create(station=station, number=number)[0]
            self._by_pk[found.pk] = found
        return self._connectors[key]

    def connectors(self, station: Station) -> list[Connector]:
        """The station's connectors, by their numbers: one at least, which is made where nobody entered any."""
        found = [row for (of, _), row in self._connectors.items() if of == station.pk]
        return sorted(found, key=lambda row: (len(row.number), row.number)) or [self.connector(station, "1")]

    def has_state(self, connector: Connector) -> None:
        """The connector has another state."""
        self._states[connector.pk] = connector

    def opened(self, session: ChargingSession) -> None:
        """The session has begun; it is stored with the rest."""
        self._sessions[int(session.external_id)] = session
        self._new.append(session)

    @property
    def begun(self) -> list[ChargingSession]:
        """The sessions that have begun."""
        return self._new

    def begins_again(self, session: ChargingSession, message: StationMessage) -> None:
        """The session's beginning has come after the rest, which is read again: `message` is that beginning."""
        charge = self.charge_of(session)
        charge.read_at, charge.readings = [], []
        self._read[charge.number] = charge
        self.ended.pop(charge.number, None)
        self._grown.pop(charge.number, None)
        self._again[charge.number] = message
        self.changed(session)

    def stops(self, charge: StationCharge) -> None:
        """The charge is over, though its stop did not name it: a start that says the same is another one."""
        if not charge.is_stopped:
            charge.is_stopped = True
            self._stopped.append(charge.pk)

    def changed(self, session: ChargingSession) -> None:
        """The session began otherwise than was thought."""
        self._changed[int(session.external_id)] = session

    def was_read(self, charge: StationCharge, *, grows: ChargingSession | None) -> None:
        """The charge has other readings, and its session so much more energy that it is worth being told."""
        self._read[charge.number] = charge
        if grows is not None:
            self._grown[charge.number] = grows

    def was_signed(self, session: ChargingSession, signed: Iterable[Signed], *, at: datetime) -> None:
        """Records of the session's meter have come; one that comes after its end asks for another look."""
        is_late = session.state != ChargingSession.State.ACTIVE
        self.signed += [
            SignedRecord(
                station_id=session.station_id,
                number=int(session.external_id),
                context=context,
                raw=raw,
                digest=ocmf.digest(raw),
                received_at=at,
                is_due=is_late,
            )
            for raw, context in signed
        ]

    def put_away(self) -> None:
        """Write what has changed."""
        ChargingSession.objects.bulk_create(self._new)
        stored = set(map(id, self._new))
        station_rows.write(self._states.values(), ("status", "status_at"))
        station_rows.write(self._read.values(), ("read_at", "readings"))
        station_rows.write((row for row in self.ended.values() if id(row) not in stored), _END)
        station_rows.write((row for row in self._changed.values() if id(row) not in stored), _BEGINNING)
        others = (row for number, row in self._grown.items() if number not in self.ended and id(row) not in stored)
        station_rows.write(others, _GROWTH)
        if self._stopped:
            StationCharge.objects.filter(pk__in=self._stopped).update(is_stopped=True)

    def read_again(self) -> None:
        """Have the messages of charges that begin again read once more; once all others are marked as read."""
        for number, first in self._again.items():
            rows = StationMessage.objects.filter(station=first.station_id, number=number, is_read=True)
            rows.exclude(pk=first.pk).update(is_read=False)


def _charges(numbers: Iterable[int]) -> list[StationCharge]:
    return station_rows.by_key(StationCharge, "number", set(numbers), _OF_CHARGES)
