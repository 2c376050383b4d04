"""What becomes of a station's message: a session opens, grows and closes, a connector changes its state.

Each message is read once, in order, in the transaction that marks it as read; reading one again changes nothing.
A session is closed for good when its stop has come. One whose stop is missing is closed at its last reading and waits
for a person, or for the stop, which corrects it as long as nobody has decided; afterwards it stands among the
differences, for somebody to decide again.
"""

import secrets
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence, Sized
from copy import copy
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl
from django.db.models import Q

from charging.domain import corrections, holders
from charging.domain.limits import LARGEST_OF_PLUG, Limits
from charging.domain.local_time import UTC_TIME
from charging.domain.ocpp import SOURCE, commands, frames, v16, v201
from charging.domain.ocpp.admission import Basis, Verdict
from charging.domain.ocpp.commands import Kind
from charging.domain.ocpp.frames import Answer, Call, Complaint
from charging.domain.ocpp.outcome import Outcome, outcome
from charging.domain.reasons import SETTLING, Flag
from charging.ingest.apply import flagged
from charging.models import ChargingSession, Connector, Correction, Station, StationCharge, StationMessage, Token
from charging.selectors import admission
from charging.services import differences, signed_values, station_commands, station_settings
from charging.services.station_desk import Desk
from tenants.scoping import current_operator_id

#: A reading a minute is kept.
APART = timedelta(minutes=1)
#: A charge is over whose connector is free for so long, or of which nothing is heard for so long.
FREE, SILENT = timedelta(minutes=10), timedelta(hours=24)
#: OCPP 1.6 counts charges so far.
LARGEST_NUMBER = 2**31 - 1
_State, _Review = ChargingSession.State, ChargingSession.Review
_ODD: Final = frozenset(Flag)
#: A charge that is over: at which station, from when, for how many seconds, with how many Wh.
_Span = tuple[int, datetime, float, int]
#: Flags that a session has from its opening on. All others it gets when it closes; a late stop takes them back.
_AT_OPENING = {Flag.NOT_ADMITTED, Flag.STATION_CLOCK, Flag.OUTLET_MISSING, Flag.NAME_MISSING}


def read(message: StationMessage, desk: Desk) -> str:
    """Do what the message says; what has grown is written when the desk is put away.

    Returns a remark where it could not be used: a code, else empty.
    """
    call = frames.read(message.raw)
    if isinstance(call, Answer):  # the gateway has noted it with what was asked
        station_settings.told(message, call)
        return ""
    if not isinstance(call, Call) or call.payload is None:
        return "answer_refused" if isinstance(call, Complaint) else "unreadable"
    match call.action:
        case "MeterValues":
            return _grow(desk, message, call.payload)
        case "StopTransaction":
            stop = v16.stop(call.payload, exported=message.station.counts_exported)
            remark = _stop(desk, message, stop, stop.signed)
            if remark == "no_charge":
                remark = _stop_alone(desk, message, stop, v16.id_tag(call.payload))
            return remark or _untimed(call.payload.get("transactionData"))
        case v201.EVENT:
            event = v201.event(call.payload, exported=message.station.counts_exported, heard_at=message.received_at)
            return (
                _event(desk, message, event)
                or _unread(event.readings, call.payload)
                or _left_out(event)
                or _untimed(call.payload.get("meterValue"))
            )
    return _note_state(desk, message, call)


def _note_state(desk: Desk, message: StationMessage, call: Call) -> str:
    """Do what a message says that needs no charge."""
    payload = call.payload or {}
    match call.action:
        case "StatusNotification":
            _state(desk, message, payload)
        case "BootNotification":
            _boot(message.station, payload)
        case "StartTransaction":
            start = v16.start(payload)
            _start(desk, message, start)
            return "" if start.connector else "no_outlet"
        case v201.REPORT:
            station_settings.told(message, call)
        case action if action in commands.PROGRESS:
            return _progress(message, commands.PROGRESS[action], payload)
    return ""


def settle(desk: Desk) -> None:
    """Say what is unusual about the sessions that ended, as a file that held each of them would have got it told."""
    ended = list(desk.ended.values())
    overlapping = _overlapping(ended) | _told_by_another(ended)
    signed_values.keep(desk.signed)
    unproven, trickling = signed_values.unproven(ended), _trickling(ended)
    for together in _one_a_connector(ended):
        for session, codes in zip(together, _implausible(together), strict=True):
            overlap = [Flag.OVERLAP] if session.external_id in overlapping else []
            proof = [Flag.NOT_PROVEN] if session.external_id in unproven else []
            unit = [Flag.METER_UNIT] if session.external_id in trickling else []
            session.flags = [str(flag) for flag in dict.fromkeys([*session.flags, *codes, *overlap, *proof, *unit])]
            session.review = _Review.PENDING if session.flags else _Review.NONE
            is_free = desk.charge_of(session).basis == Basis.GUEST  # nobody pays for it, whatever is odd about it
            if is_free or session.flags == [SETTLING]:
                session.review = _Review.WRITTEN_OFF


def close_abandoned(*, at: datetime) -> int:
    """Close sessions whose stop is missing: the connector is free again, or nothing is heard. Returns how many."""
    open_ = list(ChargingSession.objects.filter(source=SOURCE, state=_State.ACTIVE).select_related("connector"))
    charges = {row.number: row for row in StationCharge.objects.filter(number__in=[int(s.external_id) for s in open_])}
    over = [charge for session in open_ if _is_over(session, charge := charges[int(session.external_id)], at)]
    desk = Desk({charge.station_id for charge in over}, [charge.number for charge in over])
    closed = sum(_close_without_stop(desk, session) for charge in over if (session := desk.session_of(charge)))
    settle(desk)
    desk.put_away()
    return closed


def _is_over(session: ChargingSession, charge: StationCharge, at: datetime) -> bool:
    """Whether nothing more will come of the charge."""
    heard = max([session.started_at, charge.received_at, *charge.read_at[-1:]])
    connector, is_there = session.connector, Flag.OUTLET_MISSING not in session.flags
    freed = connector.status_at if is_there and connector.status == Connector.Status.AVAILABLE else None
    return at - heard > SILENT or (freed is not None and freed > heard and at - freed > FREE)


def _state(desk: Desk, message: StationMessage, payload: dict[str, Any]) -> None:
    if (said := v16.state(payload)) is None:
        return
    connector = desk.connector(message.station, said[0])
    if connector.status != said[1] and (connector.status_at is None or connector.status_at <= message.received_at):
        connector.status, connector.status_at = said[1], message.received_at
        desk.has_state(connector)


def _progress(message: StationMessage, kind: Kind, payload: dict[str, Any]) -> str:
    """How far the station has come with an update or a log; that it is idle says nothing of either."""
    word = frames.text(payload, "status", 40)
    if word in {"", "Idle"}:
        return ""
    request = frames.whole(payload, "requestId")
    return station_commands.progressed(message.station, kind, word=word, request=request, at=message.received_at)


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


def _event(desk: Desk, message: StationMessage, event: v201.Event) -> str:
    """What OCPP 2.0.1 says of a charge: whichever of its events comes first opens the session."""
    charge = desk.charge(message.number, message.station_id)
    if charge is None:
        return "no_charge"
    if (known := desk.session_of(charge)) is not None and not _is_decided(known):
        _hear_card(desk, known, charge, event)
        _hear_outlet(desk, message.station, known, event.start.connector or charge.outlet)
        _begin_late(desk, message, known, event)
    _start(desk, message, event.start, [] if event.name else [Flag.NAME_MISSING])
    if event.stop is not None:
        return _stop(desk, message, event.stop, event.signed)
    session = desk.session_of(charge)
    if session:
        desk.was_signed(session, event.signed, at=message.received_at)
    return _add(desk, session, event.readings, at=message.received_at) if session and event.readings else ""


def _left_out(event: v201.Event) -> str:
    """A remark where the event does not say what it must; only the first of a charge must say at which outlet."""
    if not event.name:
        return "no_name"
    return "no_outlet" if event.kind == "Started" and not event.start.connector else ""


def _is_decided(session: ChargingSession) -> bool:
    """Whether the session is closed for good, or by somebody's decision.

    One that waits for a person for another reason than what is odd about it (it was billed and credited, or somebody
    disputes it) is no more the station's to change.
    """
    is_ours = session.review == _Review.PENDING and _ODD.issuperset(session.flags)
    return session.state != _State.ACTIVE and not is_ours


def _hear_card(desk: Desk, session: ChargingSession, charge: StationCharge, event: v201.Event) -> None:
    """Whoever plugs in first shows the card later: the session is theirs from its beginning."""
    if session.token_id is None and event.has_card:
        token, holders_of_it = desk.card(event.start.id_tag)
        session.token, session.driver_id = token, holders.holder(holders_of_it, session.started_at)
        others = [flag for flag in session.flags if flag != Flag.NOT_ADMITTED]
        session.flags = [*([Flag.NOT_ADMITTED] if charge.verdict != Verdict.ACCEPTED else []), *others]
        _told_more(desk, session)


def _hear_outlet(desk: Desk, station: Station, session: ChargingSession, number: str) -> None:
    """The first event did not say at which outlet it is, or was lost; a later one does.

    Of a session that has ended it is then said what is unusual about it there (`settle`). One that began there while it
    went on has long been looked at, so that this one waits for both.
    """
    if not number or Flag.OUTLET_MISSING not in session.flags:
        return
    for earlier in desk.open_at(station.pk, number):
        if earlier.started_at < session.started_at:
            _close_without_stop(desk, earlier)
    session.connector = desk.connector(station, number)
    session.flags = [flag for flag in session.flags if flag != Flag.OUTLET_MISSING]
    if session.state != _State.ACTIVE:
        is_beside = Flag.OVERLAP not in session.flags and desk.is_beside(session, timedelta(seconds=Limits().overlap_s))
        session.flags = [*session.flags, *([str(Flag.OVERLAP)] if is_beside else [])]
        desk.ended[int(session.external_id)] = session
    _told_more(desk, session)


def _told_more(desk: Desk, session: ChargingSession) -> None:
    if session.state != _State.ACTIVE:
        session.review = _Review.PENDING if session.flags else _Review.NONE
    desk.changed(session)


def _begin_late(desk: Desk, message: StationMessage, session: ChargingSession, event: v201.Event) -> None:
    """The beginning came after what follows it: the session has it now, and what follows is read again."""
    start = event.start
    is_believed = v16.is_believed(start.said_at, message.received_at)
    if event.kind != "Started" or session.meter_start_wh is not None or start.meter_wh is None or not is_believed:
        return
    assert start.said_at is not None
    session.started_at, session.meter_start_wh, session.energy_wh = start.said_at, max(0, start.meter_wh), 0
    session.state, session.ended_at, session.review = _State.ACTIVE, None, _Review.NONE
    session.flags = [flag for flag in session.flags if flag in _AT_OPENING - {Flag.STATION_CLOCK}]
    desk.begins_again(session, message)


def _place(desk: Desk, station: Station, told: str) -> tuple[Connector, bool]:
    """Return at which outlet a charge is, and whether that is known: told, or the only one that there is.

    Nobody's charge ends for one of which it is not known. It is put at an outlet that is free, for somebody to see.
    """
    if told:
        return desk.connector(station, told), True
    connectors = desk.connectors(station)
    taken = {session.connector.number for session in desk.open_at(station.pk)}
    return next((row for row in connectors if row.number not in taken), connectors[0]), len(connectors) == 1


def _start(desk: Desk, message: StationMessage, start: v16.Start, flags: Iterable[Flag] = ()) -> None:
    charge = desk.charge(message.number, message.station_id)
    if charge is None or desk.session_of(charge) is not None:
        return
    connector, is_known = _place(desk, message.station, start.connector or charge.outlet)
    for earlier in desk.open_at(message.station_id, connector.number) if is_known else []:
        _close_without_stop(desk, earlier)
    is_believed = v16.is_believed(start.said_at, charge.received_at)
    began = start.said_at if is_believed and start.said_at else charge.received_at
    token, holders_of_it = desk.card(start.id_tag)
    session = ChargingSession(
        source=SOURCE,
        external_id=str(charge.number),
        site_id=message.station.site_id,
        station=message.station,
        connector=connector,
        token=token,
        driver_id=holders.holder(holders_of_it, began),
        started_at=began,
        energy_wh=0,
        meter_start_wh=start.meter_wh if start.meter_wh is not None and start.meter_wh >= 0 else None,
        state=_State.ACTIVE,
        flags=[
            *([Flag.NOT_ADMITTED] if charge.verdict != Verdict.ACCEPTED else []),
            *([] if is_believed else [Flag.STATION_CLOCK]),
            *([] if is_known else [Flag.OUTLET_MISSING]),
            *flags,
        ],
    )
    desk.opened(session)


def _grow(desk: Desk, message: StationMessage, payload: dict[str, Any]) -> str:
    outlet = v16.outlet(payload)
    is_named = desk.charge(message.number, message.station_id) is not None
    if not (is_named or outlet) and len(desk.connectors(message.station)) > 1:
        return "no_outlet"  # it may be of any of them, or of the station as a whole
    session = _meant(desk, message, outlet)
    if session is None:
        return ""  # stations also read their meters while nobody charges
    if is_named and not _is_decided(session):
        _hear_outlet(desk, message.station, session, "" if outlet == v16.WHOLE else outlet)
    if v16.may_be_signed(message.raw):
        desk.was_signed(session, v16.signed(payload.get("meterValue")), at=message.received_at)
    values, at = payload.get("meterValue"), message.received_at
    readings = list(v16.readings(values, exported=message.station.counts_exported, untold=at))
    return _add(desk, session, readings, at=at) or _unread(readings, payload) or _untimed(values)


def _unread(readings: Sized, payload: dict[str, Any]) -> str:
    """A remark where the station tells only the register that is not read there."""
    return "exported" if not readings and v16.registers(payload.get("meterValue")) == {v16.EXPORTED} else ""


def _untimed(values: Any) -> str:
    """A remark where a reading does not say when it is of."""
    return "no_time" if v16.is_untimed(values) else ""


def _add(desk: Desk, session: ChargingSession, readings: Iterable[tuple[datetime, int]], *, at: datetime) -> str:
    """Let the session grow by what was read; `at`: when it was heard."""
    if session.state != _State.ACTIVE:
        return "after_stop"
    charge = desk.charge_of(session)
    is_kept = [_note(charge, read_at if v16.is_believed(read_at, at) else at, wh) for read_at, wh in readings]
    first = session.meter_start_wh if session.meter_start_wh is not None else min(charge.readings, default=0)
    session.energy_wh = max(0, charge.readings[-1] - first) if charge.readings else session.energy_wh
    desk.was_read(charge, grows=session if any(is_kept) else None)
    return ""


def _note(charge: StationCharge, at: datetime, wh: int) -> bool:
    """Keep a reading; of those that come faster than one a minute the newest. Returns whether a minute was added."""
    if charge.read_at and at <= charge.read_at[-1]:
        return False
    is_close = len(charge.read_at) > 1 and charge.read_at[-1] - charge.read_at[-2] < APART
    if is_close:
        charge.read_at.pop()
        charge.readings.pop()
    charge.read_at.append(at)
    charge.readings.append(wh)
    return not is_close


def _meant(desk: Desk, message: StationMessage, connector: str = "") -> ChargingSession | None:
    """The session a message is about: by its number, else the only one that is open there."""
    charge = desk.charge(message.number, message.station_id)
    if charge is not None:
        return desk.session_of(charge)
    found = desk.open_at(message.station_id, connector)
    return found[0] if len(found) == 1 else None


def _stop(desk: Desk, message: StationMessage, stop: v16.Stop, signed: Iterable[v16.Signed]) -> str:
    session = _meant(desk, message)
    if session is None:
        return "no_charge"
    desk.was_signed(session, signed, at=message.received_at)
    may_change = not _is_decided(session) and (session.state == _State.ACTIVE or Flag.STOP_MISSING in session.flags)
    charge = desk.charge_of(session)
    is_believed = v16.is_believed(stop.said_at, message.received_at)
    ended = stop.said_at if is_believed and stop.said_at else message.received_at
    flags = [] if is_believed else [Flag.STATION_CLOCK]
    readings = [*zip(charge.read_at, charge.readings, strict=True), *stop.readings]
    if not may_change:
        return _differ(session, ended, stop.meter_wh, readings)
    _close(desk, session, ended, stop.meter_wh, readings, flags, reason=stop.reason)
    desk.stops(charge)
    return ""


def _stop_alone(desk: Desk, message: StationMessage, stop: v16.Stop, id_tag: str) -> str:
    """Make a session of a stop whose start was lost, where the readings that came with it say what was charged.

    It waits for a person. At a station with several outlets nobody knows which one it was: it is put at the first.
    """
    began, first_wh = stop.readings[0] if stop.readings else (None, 0)
    is_told = began is not None and v16.is_believed(stop.said_at, message.received_at) and len(stop.readings) > 1
    if not is_told or stop.said_at is None or began is None or not v16.is_believed(began, stop.said_at):
        return "no_charge"
    marks = Token.uid_marks(id_tag, message.operator_id) if id_tag else [""]
    names = [f"stop|{mark}|{stop.said_at:%Y%m%d%H%M%S}|{stop.meter_wh}" for mark in marks]
    if StationCharge.objects.filter(station=message.station_id, said__in=names).exists():
        return "stopped_already"
    connector, *others = desk.connectors(message.station)
    if desk.open_at(message.station_id) or desk.is_taken(connector, began, stop.said_at):
        return "no_charge"
    decision = admission.decision(id_tag, at=message.received_at)
    charge = StationCharge.objects.create(
        station=message.station, number=1 + secrets.randbelow(LARGEST_NUMBER), said=names[0], id_tag=id_tag,
        received_at=message.received_at, verdict=decision.verdict, basis=decision.basis, is_stopped=True,
    )  # fmt: skip
    desk.begins(charge)
    message.number = charge.number  # so that it is found by it, by whoever asks what was said of the session
    message.save(update_fields=["number"])
    _start(desk, message, v16.Start("" if others else connector.number, id_tag, began, first_wh))
    session = desk.session_of(charge)
    assert session is not None
    desk.was_signed(session, stop.signed, at=message.received_at)
    _close(desk, session, stop.said_at, stop.meter_wh, list(stop.readings), [Flag.START_MISSING], reason=stop.reason)
    return ""


def _differ(
    session: ChargingSession, ended: datetime, meter_stop: int | None, readings: list[tuple[datetime, int]]
) -> str:
    """Lay the stop of a session that was decided without it beside what is stored, for somebody to decide again.

    Of one that had its stop, and that nobody has corrected since, a second stop says nothing.
    """
    taken_over = Correction.objects.filter(state=Correction.State.TAKEN_OVER)
    if Flag.STOP_MISSING not in session.flags and not taken_over.filter(session=session).exists():
        return "stopped_already"
    session = differences.in_place_of([session.pk])[session.pk]
    taken = taken_over.filter(Q(session=session) | Q(replaced_by=session)).order_by("settled_at", "pk")
    meant = copy(session)
    _end(meant, ended, meter_stop, readings)
    facts = {name: getattr(meant, name) for name in ("ended_at", "energy_wh", *corrections.SERIES)}
    said = corrections.written({name: fact for name, fact in facts.items() if fact is not None})
    if not corrections.changes(corrections.stored(session), said) or differences.put_aside(session, taken, said):
        return "stopped_already"
    Correction.objects.get_or_create(session=session, file_import=None, said=said)
    return "late_stop"


def _close_without_stop(desk: Desk, session: ChargingSession) -> bool:
    """Close the session at its last reading; False when it is closed already.

    Of a charge without a name, whatever begins there next is another one. Of others the late stop is told by the name,
    as is a start that is repeated.
    """
    if session.state != _State.ACTIVE:
        return False
    charge = desk.charge_of(session)
    ended, last = (charge.read_at[-1], charge.readings[-1]) if charge.read_at else (session.started_at, None)
    readings = list(zip(charge.read_at, charge.readings, strict=True))
    _close(desk, session, ended, last, readings, [Flag.STOP_MISSING], reason="")
    if charge.said.startswith(v201.NAMELESS):
        desk.stops(charge)
    return True


def _close(
    desk: Desk,
    session: ChargingSession,
    ended: datetime,
    meter_stop: int | None,
    readings: list[tuple[datetime, int]],
    flags: list[Flag],
    *,
    reason: str,
) -> None:
    """End the session; what else is unusual about it is said when all are read (`settle`)."""
    found = _end(session, ended, meter_stop, readings)
    session.stop_reason = reason
    at_opening = [flag for flag in session.flags if flag in _AT_OPENING]
    session.flags = [str(flag) for flag in dict.fromkeys([*at_opening, *flags, *found.flags])]
    session.state = _State.COMPLETED
    session.review = _Review.PENDING if session.flags else _Review.NONE
    desk.ended[int(session.external_id)] = session


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


def _one_a_connector(sessions: Iterable[ChargingSession]) -> list[list[ChargingSession]]:
    """As many groups as one connector has sessions: what is said of one must not depend on what was read with it."""
    groups: list[list[ChargingSession]] = []
    seen: Counter[int] = Counter()
    for session in sessions:
        index = seen[session.connector_id]
        seen[session.connector_id] += 1
        groups[index:] = groups[index:] or [[]]
        groups[index].append(session)
    return groups


def _implausible(sessions: Sequence[ChargingSession]) -> list[list[str]]:
    """The flags that a file would have given each of the sessions."""
    rows = [_row(session) for session in sessions]
    kinds: dict[str, Any] = {**dict.fromkeys(rows[0], pl.Int64), "started_at": UTC_TIME, "ended_at": UTC_TIME}
    placed = flagged(pl.DataFrame(rows, schema=kinds), Limits(), operator_id=current_operator_id())
    return list(placed["flags"].to_list())


def _row(session: ChargingSession) -> dict[str, Any]:
    assert session.ended_at is not None
    return {
        "connector_id": session.connector_id,
        "started_at": session.started_at,
        "ended_at": session.ended_at,
        "duration_s": round((session.ended_at - session.started_at).total_seconds()),
        "energy_wh": session.energy_wh,
        "max_power_w": session.connector.max_power_w,
        "plug_w": LARGEST_OF_PLUG.get(session.connector.standard),
        "series_total_wh": sum(session.series_wh) if session.series_wh else None,
    }


def _trickling(sessions: Sequence[ChargingSession]) -> set[str]:
    """Which sessions gave next to nothing for long, as the last ones of their station did too; by their external id.

    Until a station has charged a car, nobody knows that its meter counts in the unit that it names.
    """
    limits = Limits()
    facts = {row.external_id: _span(row) for row in sessions}
    return {
        row.external_id
        for row in sessions
        if limits.is_trickle(row.energy_wh or 0, _span(row)[2])
        and _span(row)[2] >= limits.trickle_s
        and all(limits.is_trickle(energy, seconds) for energy, seconds in _before(row, facts, limits.trickle_of))
    }


def _before(session: ChargingSession, facts: dict[str, _Span], most: int) -> list[tuple[int, float]]:
    """The last charges that had ended at the station: energy and seconds of each."""
    rows = ChargingSession.objects.filter(
        source=SOURCE, station=session.station_id, energy_wh__gt=0, ended_at__lte=session.started_at
    )
    stored = [_span(row) for row in rows.exclude(external_id__in=facts).order_by("-started_at")[:most]]
    here = [
        span
        for span in facts.values()
        if span[0] == session.station_id and span[3] > 0 and span[1] + timedelta(seconds=span[2]) <= session.started_at
    ]
    return [(energy, seconds) for _, _, seconds, energy in sorted([*stored, *here], reverse=True)[:most]]


def _span(session: ChargingSession) -> _Span:
    assert session.ended_at is not None
    seconds = (session.ended_at - session.started_at).total_seconds()
    return session.station_id, session.started_at, seconds, session.energy_wh or 0


def _overlapping(sessions: Sequence[ChargingSession]) -> set[str]:
    """Of which another one has the same connector meanwhile; by their external id; of none that is only put.

    Of two the later one is flagged. Where that one was there before, told by another source or ended sooner, this is.
    """
    sessions = [session for session in sessions if Flag.OUTLET_MISSING not in session.flags]
    if not sessions:
        return set()
    slack = timedelta(seconds=Limits().overlap_s)
    ends = [session.ended_at or session.started_at for session in sessions]
    others = ChargingSession.objects.filter(
        station__in={session.station_id for session in sessions},
        started_at__gt=min(session.started_at for session in sessions) - timedelta(days=1),
        started_at__lte=max(ends),
        ended_at__isnull=False,
    )
    others = others.exclude(review=_Review.PENDING, flags__contains=[Flag.OUTLET_MISSING])
    own = {(row.source, row.external_id): (row.connector_id, row.started_at, row.ended_at) for row in sessions}
    taken: dict[int, list[tuple[tuple[str, str], datetime, datetime, bool]]] = defaultdict(list)
    facts = others.values_list("source", "external_id", "connector", "started_at", "ended_at", "review")
    for source, name, connector, started, ended, review in facts:
        if (source, name) not in own:
            assert ended is not None
            taken[connector].append(((source, name), started, ended, review != _Review.WRITTEN_OFF))
    for key, (connector, started, ended) in own.items():
        assert ended is not None
        taken[connector].append((key, started, ended, False))
    return {
        session.external_id
        for session, until in zip(sessions, ends, strict=True)
        for key, started, ended, is_there in taken[session.connector_id]
        if key != (session.source, session.external_id)
        and session.started_at - timedelta(days=1) < started
        and ended > session.started_at + slack
        and (started <= session.started_at or (is_there and started < until - slack))
    }


def _told_by_another(sessions: Sequence[ChargingSession]) -> set[str]:
    """Which ones another source has told too, maybe as of another outlet of the station; by their external id.

    The same driver or card begins, ends and gets as much there as here: stations and their files may call an outlet
    otherwise, or not know it.
    """
    limits = Limits()
    named = [row for row in sessions if _who(row.driver_id, row.token_id) is not None]
    if not named:
        return set()
    apart, begun = timedelta(seconds=limits.twice_s), [row.started_at for row in named]
    others = ChargingSession.objects.filter(
        station__in={row.station_id for row in named},
        started_at__range=(min(begun) - apart, max(begun) + apart),
        ended_at__isnull=False,
        energy_wh__isnull=False,
    )
    others = others.exclude(source=SOURCE).exclude(review=_Review.WRITTEN_OFF)
    told = [
        (row, (row.station_id, _who(row.driver_id, row.token_id)))
        for row in others.only("station", "connector", "driver", "token", "started_at", "ended_at", "energy_wh")
    ]
    return {
        session.external_id
        for session in named
        for other, key in told
        if key == (session.station_id, _who(session.driver_id, session.token_id))
        and abs(other.started_at - session.started_at) <= apart
        and abs((other.ended_at or begun[0]) - (session.ended_at or session.started_at)) <= apart
        and limits.is_as_much(session.energy_wh or 0, other.energy_wh or 0)
    }


def _who(driver: int | None, token: int | None) -> tuple[str, int] | None:
    """Whose charge it is: the driver's, or that of a card that is nobody's."""
    if driver is not None:
        return "driver", driver
    return None if token is None else ("token", token)
