"""OCPP 2.0.1: what a station's messages say, brought to the words of `v16`, so that the same services read both.

A station that speaks 2.1 says all of this in the same words; only its frames know two kinds more (`frames`).

An EVSE is what 1.6 calls a connector. A station names a charge itself; the number that we give it stands for that name.
Messages that both know under one name (states, readings, what a station is made of) are told apart by their fields.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from charging.domain.ocpp import commands, v16
from charging.domain.ocpp.commands import LARGEST_REQUEST, Kind
from charging.domain.ocpp.frames import text, whole
from charging.domain.ocpp.v16 import Start, Stop

SUBPROTOCOL, NEWER = "ocpp2.0.1", "ocpp2.1"
#: What is answered to a message whose payload is no object.
UNREADABLE = "FormatViolation"
EVENT, REPORT = "TransactionEvent", "NotifyReport"
#: With what begins that by which all events of a charge are those of one: `said`.
PREFIX = "2.0.1|"
#: With what begins the name of a charge that its station gave none: each outlet has one such charge at a time.
NAMELESS = f"{PREFIX}|"
#: OCPP has 36 signs for the name of a charge. Some stations write more, and two that begin alike are two.
LONGEST_NAME = 100
#: A value of a variable is so long at most (OCPP 2.0.1: 2,500 signs).
LONGEST_VALUE = 2_500
_NAME = re.compile(
    r"(?P<component>[^.@()]+)(?:\((?P<instance>[^)]*)\))?(?:@(?P<evse>\d{1,5})(?:/(?P<connector>\d{1,5}))?)?"
    r"\.(?P<variable>[^()]+)(?:\((?P<of_variable>.*)\))?"
)
#: Messages whose answer says nothing.
_PLAIN = {
    "StatusNotification", "MeterValues", "NotifyReport", "NotifyEvent", "NotifyMonitoringReport", "NotifyChargingLimit",
    "ReportChargingProfiles", "ReservationStatusUpdate", "SecurityEventNotification", "LogStatusNotification",
    "FirmwareStatusNotification", "NotifyCustomerInformation", "NotifyDisplayMessages",
    # 2.1 alone
    "NotifyPriorityCharging", "NotifyDERAlarm", "NotifyDERStartStop", "ReportDERControl", "NotifyWebPaymentStarted",
    "BatterySwap",
}  # fmt: skip
#: What a command is called.
MESSAGES = {
    Kind.START: "RequestStartTransaction",
    Kind.STOP: "RequestStopTransaction",
    Kind.UNLOCK: "UnlockConnector",
    Kind.RESET: "Reset",
    Kind.AVAILABILITY: "ChangeAvailability",
    Kind.TRIGGER: "TriggerMessage",
    Kind.READ_SETTINGS: "GetBaseReport",
    Kind.CHANGE_SETTING: "SetVariables",
    Kind.UPDATE_FIRMWARE: "UpdateFirmware",
    Kind.GET_LOG: "GetLog",
    Kind.RESERVE: "ReserveNow",
    Kind.CANCEL_RESERVATION: "CancelReservation",
    Kind.LIMIT: "SetChargingProfile",
    Kind.CLEAR_LIMIT: "ClearChargingProfile",
    Kind.READ_NAMED: "GetVariables",
    Kind.GET_SCHEDULE: "GetCompositeSchedule",
    Kind.FORGET_CARDS: "ClearCache",
    Kind.EMPTY_LIST: "SendLocalList",
}
#: A station's answers that mean it does as it was told.
_GRANTED = {"Accepted", "AcceptedCanceled", "Scheduled", "RebootRequired", "Unlocked"}


@dataclass(frozen=True, slots=True)
class Event:
    """TransactionEvent: what begins, goes on or ends. has_card: it names one, so that the answer says yes or no.

    name: what the station calls the charge; empty where it breaks the rule and gives it none. asked: the number of the
    command that it follows; None where it follows none. start.connector: where the charge goes on; only its first event
    must say so, and it is empty in others.
    """

    kind: str
    name: str
    start: Start
    stop: Stop | None
    readings: tuple[tuple[datetime, int], ...]
    signed: tuple[v16.Signed, ...]
    has_card: bool
    asked: int | None = None


def event(payload: Mapping[str, Any], *, exported: bool = False, heard_at: datetime | None = None) -> Event:
    """Read a TransactionEvent. The meter at the start is its reading then; at the end its last one.

    exported: as for `v16.readings`. heard_at: when a reading is of where neither it nor the event says so.
    """
    info, evse = _object(payload, "transactionInfo"), _object(payload, "evse")
    at, kind = v16.instant(payload.get("timestamp")), text(dict(payload), "eventType", 20)
    readings = tuple(v16.readings(payload.get("meterValue"), exported=exported, untold=at or heard_at))
    name, card = text(info, "transactionId", LONGEST_NAME), id_tag(payload)
    first, last = (readings[0][1], readings[-1][1]) if readings else (None, None)
    start = Start(v16.one_outlet(evse, "id"), card, at, first if kind == "Started" else None)
    stop = Stop(None, at, last, v16.reason(info, "stoppedReason"), readings) if kind == "Ended" else None
    signed = tuple(v16.signed(payload.get("meterValue")))
    return Event(kind, name, start, stop, readings, signed, bool(_object(payload, "idToken")), _asked(info))


def _asked(info: Mapping[str, Any]) -> int | None:
    number = whole(dict(info), "remoteStartId")
    return number if number is not None and 0 < number <= LARGEST_REQUEST else None


def said(found: Event) -> str:
    """What makes every event of a charge one of the same charge: the name that the station gave it, else its outlet."""
    return f"{PREFIX}{found.name}" if found.name else f"{NAMELESS}{found.start.connector}"


def name_in(said: str) -> str:
    """Return what the station calls the charge, out of `said`; empty for one of another version."""
    return said.removeprefix(PREFIX) if said.startswith(PREFIX) and not said.startswith(NAMELESS) else ""


def id_tag(payload: Mapping[str, Any]) -> str:
    """Return the card that a message names."""
    return text(_object(payload, "idToken"), "idToken")


def authorized(verdict: str, group: str = "") -> dict[str, Any]:
    """Return the answer to the question whether a card may charge. group: as in `v16.authorized`."""
    together = {"groupIdToken": {"idToken": group, "type": "Central"}} if group else {}
    return {"idTokenInfo": {"status": verdict, **together}}


def plain_answer(action: str, at: datetime) -> dict[str, Any] | None:
    """Return the answer to a message that needs no look at anything; None for one that is not known."""
    return {} if action in _PLAIN else v16.common_answer(action, at)


def request(kind: Kind, wanted: Mapping[str, Any], id_tag: str = "", name: str = "") -> tuple[str, dict[str, Any]]:
    """Return a command as this protocol says it. name: what the station calls the charge that is meant."""
    payload: dict[str, Any] = {}
    match kind:
        case Kind.START:
            payload = {"idToken": {"idToken": id_tag, "type": "Central"}, **_evse_id(wanted)}
            payload["remoteStartId"] = wanted["request"]
        case Kind.STOP:
            payload = {"transactionId": name}
        case Kind.UNLOCK:
            payload = {**_evse_id(wanted), "connectorId": 1}
        case Kind.RESET:
            payload = {"type": "Immediate" if wanted["hard"] else "OnIdle"}
        case Kind.AVAILABILITY:
            payload = {"operationalStatus": v16.in_use(wanted), **_evse(wanted)}
        case Kind.TRIGGER:
            payload = {"requestedMessage": wanted["message"], **_evse(wanted)}
        case Kind.READ_SETTINGS | Kind.CHANGE_SETTING | Kind.READ_NAMED:
            payload = _settings(kind, wanted)
        case _:
            payload = _later(kind, wanted, id_tag)
    return MESSAGES[kind], payload


def _later(kind: Kind, wanted: Mapping[str, Any], id_tag: str) -> dict[str, Any]:
    """What a station goes on with after its answer: it has a number, by which the station refers to it."""
    match kind:
        case Kind.UPDATE_FIRMWARE:
            firmware = {"location": wanted["location"], "retrieveDateTime": wanted["when"]}
            return {"requestId": wanted["request"], "firmware": firmware}
        case Kind.GET_LOG:
            log = {"remoteLocation": wanted["location"], **v16.within(wanted, "oldestTimestamp", "latestTimestamp")}
            return {"logType": "DiagnosticsLog", "requestId": wanted["request"], "log": log}
        case Kind.RESERVE:
            card = {"idToken": id_tag, "type": "Central"}
            return {"id": wanted["request"], "expiryDateTime": wanted["until"], "idToken": card, **_evse_id(wanted)}
        case Kind.CANCEL_RESERVATION:
            return {"reservationId": wanted["reservation"]}
        case Kind.EMPTY_LIST:
            return {"versionNumber": wanted["version"], "updateType": "Full"}
    return _limits(kind, wanted)


def _limits(kind: Kind, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What the station may draw: told, lifted or asked for."""
    match kind:
        case Kind.LIMIT:
            return {"evseId": 0, **_evse_id(wanted), "chargingProfile": _profile(wanted)}
        case Kind.GET_SCHEDULE:
            return {"evseId": 0, **_evse_id(wanted), "duration": round(commands.SCHEDULED.total_seconds())}
        case Kind.CLEAR_LIMIT:
            return {"chargingProfileId": commands.profile(wanted)}
    return {}


def _profile(wanted: Mapping[str, Any]) -> dict[str, Any]:
    number = commands.profile(wanted)
    return {
        "id": number,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile" if wanted.get("connector") else "ChargingStationMaxProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": [{"id": number, **v16.schedule(wanted)}],
    }


def _evse_id(wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {"evseId": int(wanted["connector"])} if wanted.get("connector") else {}


def _evse(wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {"evse": {"id": int(wanted["connector"])}} if wanted.get("connector") else {}


def _settings(kind: Kind, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """All settings come in messages of their own; one is named by its component and its variable."""
    if kind is Kind.READ_SETTINGS:
        return {"requestId": 1, "reportBase": "ConfigurationInventory"}
    if kind is Kind.READ_NAMED:
        return {"getVariableData": [_variable(str(name)) for name in wanted["names"]]}
    return {"setVariableData": [{"attributeValue": wanted["value"], **_variable(str(wanted["key"]))}]}


def variables(answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the settings in an answer to `READ_NAMED`: name and value; those that the station does not have not."""
    rows = [row for row in v16.rows(answer.get("getVariableResult")) if isinstance(row, dict)]
    told = [(_named(row), text(row, "attributeValue", LONGEST_VALUE)) for row in rows if _is_told(row)]
    return [(name, value) for name, value in told if name]


def _is_told(row: Mapping[str, Any]) -> bool:
    return row.get("attributeStatus") == "Accepted" and row.get("attributeType", "Actual") == "Actual"


def settings(payload: Mapping[str, Any]) -> list[tuple[str, str, bool]]:
    """Return the settings in a NotifyReport: name, value, and whether it can only be read; what cannot be read not."""
    found = []
    for row in v16.rows(payload.get("reportData")):
        name = _named(row) if isinstance(row, dict) else ""
        attributes = [each for each in v16.rows(row.get("variableAttribute")) if isinstance(each, dict)] if name else []
        for each in attributes:
            is_readable = each.get("mutability") != "WriteOnly" and each.get("type", "Actual") == "Actual"
            if is_readable:
                found.append((name, text(each, "value", LONGEST_VALUE), each.get("mutability") == "ReadOnly"))
    return found


def _named(row: Mapping[str, Any]) -> str:
    """How a variable is called here: `OCPPCommCtrlr.HeartbeatInterval`, `Connector@1/2.Available`, `A(b).C(d)`."""
    component, variable = _object(row, "component"), _object(row, "variable")
    evse = _object(component, "evse")
    outlet = "/".join(part for part in (text(evse, "id", 5), text(evse, "connectorId", 5)) if part)
    owner = _with_instance(component) + (f"@{outlet}" if outlet else "")
    said = _with_instance(variable)
    return f"{owner}.{said}" if text(component, "name") and text(variable, "name") else ""


def _with_instance(part: Mapping[str, Any]) -> str:
    instance = text(dict(part), "instance", 50)
    return text(dict(part), "name", 50) + (f"({instance})" if instance else "")


def _variable(key: str) -> dict[str, Any]:
    """The component and the variable that `_named` called so."""
    found = _NAME.fullmatch(key)
    parts = found.groupdict() if found else {"variable": key}
    component: dict[str, Any] = {"name": parts.get("component") or "ChargingStation"}
    if parts.get("instance"):
        component["instance"] = parts["instance"]
    if parts.get("evse"):
        connector = {"connectorId": int(parts["connector"])} if parts.get("connector") else {}
        component["evse"] = {"id": int(parts["evse"]), **connector}
    of_variable = {"instance": parts["of_variable"]} if parts.get("of_variable") else {}
    return {"component": component, "variable": {"name": parts["variable"], **of_variable}}


def granted(kind: Kind, answer: Mapping[str, Any]) -> tuple[bool, str]:
    """Return whether the station does what it was asked, and its word for that."""
    if kind is Kind.CHANGE_SETTING:
        results = [each for each in v16.rows(answer.get("setVariableResult")) if isinstance(each, dict)]
        word = text(results[0], "attributeStatus", 40) if results else ""
        return word in _GRANTED, word
    if kind is Kind.READ_NAMED:
        return bool(variables(answer)), ""
    word = text(dict(answer), "status", 40)
    return word in _GRANTED, word


def _object(payload: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = payload.get(name)
    return found if isinstance(found, dict) else {}
