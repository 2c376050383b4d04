"""OCPP 2.0.1: what a station's messages say, brought to the words of `v16`, so that the same services read both.

An EVSE is what 1.6 calls a connector. A station names a charge itself; the number that we give it stands for that name.
Messages that both know under one name (states, readings, what a station is made of) are told apart by their fields.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from charging.domain.ocpp import v16
from charging.domain.ocpp.commands import Kind
from charging.domain.ocpp.frames import text
from charging.domain.ocpp.v16 import Start, Stop

SUBPROTOCOL = "ocpp2.0.1"
EVENT = "TransactionEvent"
_PREFIX = "2.0.1|"
#: Messages whose answer says nothing.
_PLAIN = {
    "StatusNotification", "MeterValues", "NotifyReport", "NotifyEvent", "NotifyMonitoringReport", "NotifyChargingLimit",
    "ReportChargingProfiles", "ReservationStatusUpdate", "SecurityEventNotification", "LogStatusNotification",
    "FirmwareStatusNotification", "NotifyCustomerInformation", "NotifyDisplayMessages",
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
}


@dataclass(frozen=True, slots=True)
class Event:
    """TransactionEvent: what begins, goes on or ends. has_card: it names one, so that the answer says yes or no."""

    kind: str
    name: str
    start: Start
    stop: Stop | None
    readings: tuple[tuple[datetime, int], ...]
    signed: tuple[v16.Signed, ...]
    has_card: bool


def event(payload: Mapping[str, Any]) -> Event:
    """Read a TransactionEvent. The meter at the start is its reading then; at the end its last one."""
    info, evse = _object(payload, "transactionInfo"), _object(payload, "evse")
    at, kind = v16.instant(payload.get("timestamp")), text(dict(payload), "eventType", 20)
    readings = tuple(v16.readings(payload.get("meterValue")))
    name, card = text(info, "transactionId", 36), id_tag(payload)
    first, last = (readings[0][1], readings[-1][1]) if readings else (None, None)
    start = Start(text(evse, "id", 20) or "1", card, at, first if kind == "Started" else None)
    reason = text(info, "stoppedReason", 30) or "Local"
    stop = Stop(None, at, last, reason, readings) if kind == "Ended" else None
    signed = tuple(v16.signed(payload.get("meterValue")))
    return Event(kind, name, start, stop, readings, signed, bool(_object(payload, "idToken")))


def said(found: Event) -> str:
    """What makes every event of a charge one of the same charge: the name that the station gave it."""
    return f"{_PREFIX}{found.name}"


def name_in(said: str) -> str:
    """Return what the station calls the charge, out of `said`; empty for one of another version."""
    return said.removeprefix(_PREFIX) if said.startswith(_PREFIX) else ""


def id_tag(payload: Mapping[str, Any]) -> str:
    """Return the card that a message names."""
    return text(_object(payload, "idToken"), "idToken")


def authorized(verdict: str) -> dict[str, Any]:
    """Return the answer to the question whether a card may charge."""
    return {"idTokenInfo": {"status": verdict}}


def plain_answer(action: str, at: datetime) -> dict[str, Any] | None:
    """Return the answer to a message that needs no look at anything; None for one that is not known."""
    return {} if action in _PLAIN else v16.common_answer(action, at)


def request(kind: Kind, wanted: Mapping[str, Any], id_tag: str = "", name: str = "") -> tuple[str, dict[str, Any]]:
    """Return a command as this protocol says it. name: what the station calls the charge that is meant."""
    payload: dict[str, Any] = {}
    match kind:
        case Kind.START:
            payload = {"idToken": {"idToken": id_tag, "type": "Central"}, "remoteStartId": 1, **_evse_id(wanted)}
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
        case _:
            payload = _settings(kind, wanted)
    return MESSAGES[kind], payload


def _evse_id(wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {"evseId": int(wanted["connector"])} if wanted.get("connector") else {}


def _evse(wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {"evse": {"id": int(wanted["connector"])}} if wanted.get("connector") else {}


def _settings(kind: Kind, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """All settings come in messages of their own; one is named by its component and its variable."""
    if kind is Kind.READ_SETTINGS:
        return {"requestId": 1, "reportBase": "ConfigurationInventory"}
    component, _, variable = str(wanted["key"]).rpartition(".")
    where = {"component": {"name": component or "ChargingStation"}, "variable": {"name": variable}}
    return {"setVariableData": [{"attributeValue": wanted["value"], **where}]}


def granted(kind: Kind, answer: Mapping[str, Any]) -> tuple[bool, str]:
    """Return whether the station does what it was asked, and its word for that."""
    if kind is Kind.CHANGE_SETTING:
        results = [each for each in v16.rows(answer.get("setVariableResult")) if isinstance(each, dict)]
        word = text(results[0], "attributeStatus", 40) if results else ""
        return word in {"Accepted", "RebootRequired"}, word
    word = text(dict(answer), "status", 40)
    return word in {"Accepted", "Scheduled", "Unlocked"}, word


def _object(payload: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = payload.get(name)
    return found if isinstance(found, dict) else {}
