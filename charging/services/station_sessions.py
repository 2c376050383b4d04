"""What becomes of a station's message: a session opens, grows and closes, a connector changes its state.

Each message is read once, in order, in the transaction that marks it as read; reading one again changes nothing.
A session is closed for good when its stop has come. One whose stop is missing is closed at its last reading and waits
for a person, or for the stop, which corrects it as long as nobody has decided; afterwards it stands among the
differences, for somebody to decide again.
"""

from collections.abc import Iterable
from copy import copy
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from charging.domain import corrections, holders
from charging.domain.limits import Limits
from charging.domain.local_time import UTC_TIME
from charging.domain.ocpp import SOURCE, frames, v16, v201
from charging.domain.ocpp.admission import Verdict
from charging.domain.ocpp.frames import Answer, Call
from charging.domain.ocpp.outcome import Outcome, outcome
from charging.domain.reasons import SETTLING, Flag
from charging.ingest.apply import flagged
from charging.models import ChargingSession, Connector, Correction, Station, StationCharge, StationMessage, Token
from charging.services import tokens

#: A reading a minute is kept.
APART = timedelta(minutes=1)
#: A charge is over whose connector is free for so long, or of which nothing is heard for so long.
FREE, SILENT = timedelta(minutes=10), timedelta(hours=24)
_State, _Review = ChargingSession.State, ChargingSession.Review
#: Flags that a session gets when it closes; a late stop takes them back.
_AT_OPENING = {Flag.NOT_ADMITTED, Flag.STATION_CLOCK}


def read(message: StationMessage) -> str:
    """Do what the message says. Returns a remark where it could not be used: a code, else empty."""
    call = frames.read(message.raw)
    if isinstance(call, Answer):  # the gateway has noted it with what was asked
        return ""
    if call is None or call.payload is None:
        return "unreadable"
    match call.action:
        case "MeterValues":
            return _grow(message, call.payload)
        case "StopTransaction":
            return _stop(message, v16.stop(call.payload))
        case v201.EVENT:
            return _event(message, v201.event(call.payload))
    _note_state(message, call)
    return ""


def _note_state(message: StationMessage, call: Call) -> None:
    """Do what a message says that can always be used."""
    payload = call.payload or {}
    match call.action:
        case "StatusNotification":
            _state(message, payload)
        case "BootNotification":
            _boot(message.station, payload)
        case "StartTransaction":
            _start(message, v16.start(payload))


def close_abandoned(*, at: datetime) -> int:
    """Close sessions whose stop is missing: the connector is free again, or nothing is heard. Returns how many."""
    closed, open_ = 0, list(_open().select_related("connector"))
    charges = {row.number: row for row in StationCharge.objects.filter(number__in=[int(s.external_id) for s in open_])}
    for session in open_:
        charge = charges[int(session.external_id)]
        heard = max([session.started_at, charge.received_at, *charge.read_at[-1:]])
        connector = session.connector
        freed = connector.status_at if connector.status == Connector.Status.AVAILABLE else None
        if at - heard > SILENT or (freed is not None and freed > heard and at - freed > FREE):
            closed += _close_without_stop(charge)
    return closed


def _open() -> Any:
    return ChargingSession.objects.filter(source=SOURCE, state=_State.ACTIVE).order_by("pk")


def _charge_of(session: ChargingSession) -> StationCharge:
    return StationCharge.objects.select_for_update().get(number=int(session.external_id))


def _charge_at(message: StationMessage) -> StationCharge | None:
    """The charge that the message names, if it is one of its own station's."""
    if message.number is None:
        return None
    return StationCharge.objects.filter(station=message.station, number=message.number).first()


def _session_of(charge: StationCharge) -> ChargingSession | None:
    rows = ChargingSession.objects.select_for_update(of=("self",)).select_related("connector")
    return rows.filter(source=SOURCE, external_id=str(charge.number)).first()


def _connector(station: Station, number: str) -> Connector:
    return Connector.objects.get_or_create(station=station, number=number)[0]


def _state(message: StationMessage, payload: dict[str, Any]) -> None:
    if (said := v16.state(payload)) is None:
        return
    connector = _connector(message.station, said[0])
    if connector.status != said[1] and (connector.status_at is None or connector.status_at <= message.received_at):
        Connector.objects.filter(pk=connector.pk).update(status=said[1], status_at=message.received_at)


def _boot(station: Station, payload: dict[str, Any]) -> None:
    """What the station is made by, where nobody wrote it down."""
    made = payload.get("chargingStation")  # OCPP 2.0.1
    made = made if isinstance(made, dict) else {}
    said = {
        "vendor": frames.text(payload, "chargePointVendor", 100) or frames.text(made, "vendorName", 100),
        "model": frames.text(payload, "chargePointModel", 100) or frames.text(made, "model", 100),
    }
    new = {name: value for name, value in said.items() if value and not getattr(station, name)}
    for name, value in new.items():
        setattr(station, name, value)
    if new:
        station.save(update_fields=list(new))


def _event(message: StationMessage, event: v201.Event) -> str:
    """What OCPP 2.0.1 says of a charge: whichever of its events comes first opens the session."""
    charge = _charge_at(message)
    if charge is None:
        return "no_charge"
    _start(message, event.start)
    if event.stop is not None:
        return _stop(message, event.stop)
    session = _session_of(charge)
    return _add(session, event.readings, at=message.received_at) if session and event.readings else ""


def _start(message: StationMessage, start: v16.Start) -> None:
    charge = _charge_at(message)
    if charge is None or _session_of(charge) is not None:
        return
    connector = _connector(message.station, start.connector)
    for earlier in _open().filter(connector=connector):
        _close_without_stop(_charge_of(earlier))
    is_believed = v16.is_believed(start.said_at, charge.received_at)
    began = start.said_at if is_believed and start.said_at else charge.received_at
    token = _token(start.id_tag)
    ChargingSession.objects.create(
        source=SOURCE,
        external_id=str(charge.number),
        site=message.station.site,
        station=message.station,
        connector=connector,
        token=token,
        driver_id=holders.holder(tokens.history(token), began) if token else None,
        started_at=began,
        energy_wh=0,
        meter_start_wh=start.meter_wh if start.meter_wh is not None and start.meter_wh >= 0 else None,
        state=_State.ACTIVE,
        flags=[
            *([Flag.NOT_ADMITTED] if charge.verdict != Verdict.ACCEPTED else []),
            *([] if is_believed else [Flag.STATION_CLOCK]),
        ],
    )


def _token(id_tag: str) -> Token | None:
    found = Token.objects.filter(uid__iexact=id_tag).select_related("merged_into").first() if id_tag else None
    return found and (found.merged_into or found)


def _grow(message: StationMessage, payload: dict[str, Any]) -> str:
    session = _meant(message, v16.outlet(payload))
    if session is None:
        return ""  # stations also read their meters while nobody charges
    return _add(session, v16.readings(payload.get("meterValue")), at=message.received_at)


def _add(session: ChargingSession, readings: Iterable[tuple[datetime, int]], *, at: datetime) -> str:
    """Let the session grow by what was read; `at`: when it was heard."""
    if session.state != _State.ACTIVE:
        return "after_stop"
    charge = _charge_of(session)
    for read_at, wh in readings:
        _note(charge, read_at if v16.is_believed(read_at, at) else at, wh)
    charge.save(update_fields=["read_at", "readings"])
    first = session.meter_start_wh if session.meter_start_wh is not None else min(charge.readings, default=0)
    session.energy_wh = max(0, charge.readings[-1] - first) if charge.readings else session.energy_wh
    session.save(update_fields=["energy_wh"])
    return ""


def _note(charge: StationCharge, at: datetime, wh: int) -> None:
    """Keep a reading; of those that come faster than one a minute the newest."""
    if charge.read_at and at <= charge.read_at[-1]:
        return
    if len(charge.read_at) > 1 and charge.read_at[-1] - charge.read_at[-2] < APART:
        charge.read_at.pop()
        charge.readings.pop()
    charge.read_at.append(at)
    charge.readings.append(wh)


def _meant(message: StationMessage, connector: str = "") -> ChargingSession | None:
    """The session a message is about: by its number, else the only one that is open there."""
    charge = _charge_at(message)
    if charge is not None:
        return _session_of(charge)
    rows = _open().filter(station=message.station)
    found = list((rows.filter(connector__number=connector) if connector else rows)[:2])
    return _session_of(_charge_of(found[0])) if len(found) == 1 else None


def _stop(message: StationMessage, stop: v16.Stop) -> str:
    session = _meant(message)
    if session is None:
        return "no_charge"
    may_change = session.state == _State.ACTIVE or (
        session.review == _Review.PENDING and Flag.STOP_MISSING in session.flags
    )
    if not may_change and Flag.STOP_MISSING not in session.flags:
        return "stopped_already"
    charge = _charge_of(session)
    is_believed = v16.is_believed(stop.said_at, message.received_at)
    ended = stop.said_at if is_believed and stop.said_at else message.received_at
    flags = [] if is_believed else [Flag.STATION_CLOCK]
    readings = [*zip(charge.read_at, charge.readings, strict=True), *stop.readings]
    if not may_change:
        return _differ(session, ended, stop.meter_wh, readings)
    _close(session, ended, stop.meter_wh, readings, flags, reason=stop.reason)
    return ""


def _differ(
    session: ChargingSession, ended: datetime, meter_stop: int | None, readings: list[tuple[datetime, int]]
) -> str:
    """Lay the stop of a session that was decided without it beside what is stored, for somebody to decide again."""
    meant = copy(session)
    _end(meant, ended, meter_stop, readings)
    facts = {name: getattr(meant, name) for name in ("ended_at", "energy_wh", *corrections.SERIES)}
    said = corrections.written({name: fact for name, fact in facts.items() if fact is not None})
    stored = {name: getattr(session, name) for name in (*corrections.COMPARED, *corrections.SERIES)}
    if not corrections.changes(stored, said):
        return "stopped_already"
    Correction.objects.get_or_create(session=session, file_import=None, said=said)
    return "late_stop"


def _close_without_stop(charge: StationCharge) -> bool:
    """Close the session of a charge at its last reading; False when it is closed already."""
    session = _session_of(charge)
    if session is None or session.state != _State.ACTIVE:
        return False
    ended, last = (charge.read_at[-1], charge.readings[-1]) if charge.read_at else (session.started_at, None)
    readings = list(zip(charge.read_at, charge.readings, strict=True))
    _close(session, ended, last, readings, [Flag.STOP_MISSING], reason="")
    return True


def _close(
    session: ChargingSession,
    ended: datetime,
    meter_stop: int | None,
    readings: list[tuple[datetime, int]],
    flags: list[Flag],
    *,
    reason: str,
) -> None:
    found = _end(session, ended, meter_stop, readings)
    session.stop_reason = reason
    at_opening = [flag for flag in session.flags if flag in _AT_OPENING]
    every = [*at_opening, *flags, *found.flags, *_implausible(session)]
    session.flags = [str(flag) for flag in dict.fromkeys(every)]
    session.state = _State.COMPLETED
    session.review = _Review.PENDING if session.flags else _Review.NONE
    if session.flags == [SETTLING]:
        session.review = _Review.WRITTEN_OFF
    session.save()


def _end(
    session: ChargingSession, ended: datetime, meter_stop: int | None, readings: list[tuple[datetime, int]]
) -> Outcome:
    """Give the session its end, energy and course."""
    ended = max(ended, session.started_at)
    found = outcome(session.started_at, session.meter_start_wh, readings, ended, meter_stop)
    session.ended_at, session.energy_wh = ended, found.energy_wh
    series = found.series
    session.series_start = series.start if series else None
    session.series_interval_s = series.interval_s if series else None
    session.series_wh = list(series.wh) if series else None
    return found


def _implausible(session: ChargingSession) -> list[str]:
    """The flags that a file would have given the same session."""
    assert session.ended_at is not None
    row = {
        "connector_id": session.connector_id,
        "started_at": session.started_at,
        "ended_at": session.ended_at,
        "duration_s": round((session.ended_at - session.started_at).total_seconds()),
        "energy_wh": session.energy_wh,
        "max_power_w": session.connector.max_power_w,
        "series_total_wh": sum(session.series_wh) if session.series_wh else None,
    }
    kinds: dict[str, Any] = {
        **dict.fromkeys(row, pl.Int64),
        "started_at": UTC_TIME,
        "ended_at": UTC_TIME,
    }
    placed = flagged(pl.DataFrame([row], schema=kinds), Limits(), operator_id=session.operator_id)
    return [*placed["flags"][0].to_list(), *([Flag.OVERLAP] if _overlaps(session) else [])]


def _overlaps(session: ChargingSession) -> bool:
    slack = timedelta(seconds=Limits().overlap_s)
    others = ChargingSession.objects.filter(
        connector=session.connector_id,
        station=session.station_id,
        started_at__gt=session.started_at - timedelta(days=1),
        started_at__lte=session.started_at,
        ended_at__gt=session.started_at + slack,
    )
    return bool(others.exclude(pk=session.pk).exists())
