"""OCPP 1.6: what a station's messages say, as far as anybody needs it. Lenient in form, and nothing is guessed."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from charging.domain.ocpp import commands
from charging.domain.ocpp.admission import Boot
from charging.domain.ocpp.commands import Kind
from charging.domain.ocpp.frames import text, whole

SUBPROTOCOL = "ocpp1.6"
#: What is answered to a message whose payload is no object.
UNREADABLE = "FormationViolation"
#: How often a station says that it is there, in seconds.
HEARTBEAT_S = 300
#: When a station that was not accepted as it started may ask again, in seconds.
ASK_AGAIN_S = {Boot.PENDING: 60, Boot.REJECTED: 900}
#: A station's clock is believed from here on, and no further ahead of ours than this.
FIRST_BELIEVED, AHEAD = datetime(2020, 1, 1, tzinfo=UTC), timedelta(hours=1)
LARGEST_REGISTER_WH, LARGEST_POWER = 2**53, 12
#: Why a charge ended that a station does not say it of: it may leave out this reason alone (both versions).
LOCAL = "Local"
#: The registers of a meter: what it gave, and what it took back. One that is connected the wrong way round tells the
#: second of what a car was given.
IMPORTED, EXPORTED = "Energy.Active.Import.Register", "Energy.Active.Export.Register"
_PHASES = {"L1", "L2", "L3"}
#: What stands for the station as a whole where an outlet's number stands.
WHOLE = "0"
_NUMBER = re.compile(commands.NUMBER, re.ASCII)
#: Messages whose answer says nothing.
_PLAIN = {
    "StatusNotification", "MeterValues", "StopTransaction", "FirmwareStatusNotification",
    "DiagnosticsStatusNotification", "SecurityEventNotification", "LogStatusNotification",
    "SignedFirmwareStatusNotification",
}  # fmt: skip
#: A connector's state as OCPI calls it. A cable in a car that nobody paid for yet leaves it available.
_STATES = {
    "Available": "AVAILABLE",
    "Preparing": "AVAILABLE",
    "Occupied": "CHARGING",
    "Charging": "CHARGING",
    "SuspendedEV": "CHARGING",
    "SuspendedEVSE": "CHARGING",
    "Finishing": "CHARGING",
    "Reserved": "RESERVED",
    "Unavailable": "INOPERATIVE",
    "Faulted": "OUTOFORDER",
}

#: What a command is called.
MESSAGES = {
    Kind.START: "RemoteStartTransaction",
    Kind.STOP: "RemoteStopTransaction",
    Kind.UNLOCK: "UnlockConnector",
    Kind.RESET: "Reset",
    Kind.AVAILABILITY: "ChangeAvailability",
    Kind.TRIGGER: "TriggerMessage",
    Kind.READ_SETTINGS: "GetConfiguration",
    Kind.CHANGE_SETTING: "ChangeConfiguration",
    Kind.UPDATE_FIRMWARE: "UpdateFirmware",
    Kind.GET_LOG: "GetDiagnostics",
    Kind.RESERVE: "ReserveNow",
    Kind.CANCEL_RESERVATION: "CancelReservation",
    Kind.LIMIT: "SetChargingProfile",
    Kind.CLEAR_LIMIT: "ClearChargingProfile",
    Kind.READ_NAMED: "GetConfiguration",
    Kind.GET_SCHEDULE: "GetCompositeSchedule",
    Kind.FORGET_CARDS: "ClearCache",
    Kind.EMPTY_LIST: "SendLocalList",
}
#: Commands whose answer has no word for yes or no: that it came is the yes.
_WORDLESS = {Kind.READ_SETTINGS, Kind.READ_NAMED, Kind.UPDATE_FIRMWARE, Kind.GET_LOG}
#: A station's answers that mean it does as it was told.
_GRANTED = {"Accepted", "Scheduled", "RebootRequired", "Unlocked"}


@dataclass(frozen=True, slots=True)
class Start:
    """StartTransaction. connector: empty where it names no outlet. said_at: None when it cannot be read."""

    connector: str
    id_tag: str
    said_at: datetime | None
    meter_wh: int | None

    def said(self, mark: str) -> str:
        """Return what makes a repeated start the same one. mark: what stands for its card, empty for none."""
        at = f"{self.said_at:%Y%m%d%H%M%S}" if self.said_at else ""
        return f"{self.connector}|{mark}|{at}|{self.meter_wh}"


#: What a meter signed, as it came, and on what occasion: `Transaction.Begin`, `Sample.Periodic`.
Signed = tuple[str, str]


#: Without any of these in a frame nothing in it is signed; JSON may write each letter of them as its number.
_SIGNS = ("signedMeter", "SignedData", "OCMF|", "\\u")


@dataclass(frozen=True, slots=True)
class Stop:
    """StopTransaction. readings: those of the whole charge that came with it."""

    number: int | None
    said_at: datetime | None
    meter_wh: int | None
    reason: str
    readings: tuple[tuple[datetime, int], ...]
    signed: tuple[Signed, ...] = ()


def start(payload: dict[str, Any]) -> Start:
    """Read a StartTransaction."""
    return Start(
        one_outlet(payload, "connectorId"),
        id_tag(payload),
        instant(payload.get("timestamp")),
        whole(payload, "meterStart"),
    )


def stop(payload: dict[str, Any], *, exported: bool = False) -> Stop:
    """Read a StopTransaction. exported: as for `readings`."""
    return Stop(
        whole(payload, "transactionId"),
        instant(payload.get("timestamp")),
        whole(payload, "meterStop"),
        reason(payload, "reason"),
        tuple(readings(payload.get("transactionData"), exported=exported)),
        tuple(signed(payload.get("transactionData"))),
    )


def reason(payload: dict[str, Any], name: str) -> str:
    """Return why a charge ended; empty where that cannot be read."""
    return LOCAL if payload.get(name) is None else text(payload, name, 30)


def id_tag(payload: dict[str, Any]) -> str:
    """Return the card that a message names."""
    return text(payload, "idTag")


def state(payload: dict[str, Any]) -> tuple[str, str] | None:
    """Return connector and state (OCPI) of a StatusNotification; None when it is about the station as a whole."""
    said, connector = text(payload, "connectorStatus") or text(payload, "status"), outlet(payload)
    return None if connector in {"", WHOLE} else (connector, _STATES.get(said, "UNKNOWN"))


def outlet(payload: dict[str, Any]) -> str:
    """Return the connector that a message is about: what OCPP 2.0.1 calls an EVSE.

    `WHOLE` for the station as a whole; empty where none is told, or what is told can be no outlet's number.
    """
    return _outlet(payload, "evseId") or _outlet(payload, "connectorId")


def one_outlet(payload: dict[str, Any], name: str) -> str:
    """Return the number of an outlet; empty where none is told. A charge is never at the station as a whole."""
    number = _outlet(payload, name)
    return "" if number == WHOLE else number


def _outlet(payload: dict[str, Any], name: str) -> str:
    said = text(payload, name).removesuffix(".0")
    return str(int(said)) if _NUMBER.fullmatch(said) else ""


def instant(value: Any) -> datetime | None:
    """Return a time as a station writes it, UTC unless it says otherwise; None when it is none."""
    try:
        found = datetime.fromisoformat(str(value).strip())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def is_believed(said_at: datetime | None, received_at: datetime) -> bool:
    """Whether the station's clock can have been right."""
    return said_at is not None and FIRST_BELIEVED <= said_at <= received_at + AHEAD


def readings(values: Any, *, exported: bool = False, untold: datetime | None = None) -> Iterator[tuple[datetime, int]]:
    """Yield the readings of the energy register, instant and Wh, in a list of MeterValue. Others are left out.

    exported: what was exported stands for what was imported, where that is not told at all. untold: when the last one
    is of that does not say it, as it must; None leaves it out. An earlier one that does not is left out always.
    """
    listed = rows(values)
    for place, value in enumerate(listed, start=1):
        if not isinstance(value, dict):
            continue
        at = instant(value.get("timestamp")) or (untold if place == len(listed) else None)
        if at is None:
            continue
        samples = _samples(value)
        is_turned = exported and all(sample.get("measurand", IMPORTED) != IMPORTED for sample in samples)
        if (wh := _register(samples, EXPORTED if is_turned else IMPORTED)) is not None:
            yield at, wh


def is_untimed(values: Any) -> bool:
    """Whether a reading of an energy register in a list of MeterValue does not say when it is of, as it must."""
    return any(
        isinstance(value, dict) and instant(value.get("timestamp")) is None and bool(registers([value]))
        for value in rows(values)
    )


def registers(values: Any) -> set[str]:
    """Return which energy registers a list of MeterValue tells: `IMPORTED`, `EXPORTED`."""
    named = {
        str(sample.get("measurand", IMPORTED))
        for value in rows(values)
        if isinstance(value, dict)
        for sample in _samples(value)
        if sample.get("format") != "SignedData"
    }
    return named & {IMPORTED, EXPORTED}


def _samples(value: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for each in rows(value.get("sampledValue")) if isinstance(each, dict)]


def may_be_signed(raw: str) -> bool:
    """Whether a frame may hold what a meter signed; False is sure. A look at each value costs as much as all else."""
    return any(sign in raw for sign in _SIGNS)


def signed(values: Any) -> Iterator[Signed]:
    """Yield what meters signed in a list of MeterValue, untouched. OCPP 2.0.1 has it beside the value."""
    for value in rows(values):
        samples = rows(value.get("sampledValue")) if isinstance(value, dict) else []
        for sample in samples:
            if isinstance(sample, dict) and (raw := _signed(sample)).strip():
                yield raw.replace("\x00", "\ufffd"), text(sample, "context", 30)


def _signed(sample: dict[str, Any]) -> str:
    beside = sample.get("signedMeterValue")
    if isinstance(beside, dict):
        return str(beside.get("signedMeterData") or "")
    value = sample.get("value")
    is_signed = sample.get("format") == "SignedData" or str(value).lstrip().startswith("OCMF|")
    return value if isinstance(value, str) and is_signed else ""


def _register(samples: list[dict[str, Any]], register: str) -> int | None:
    """The register in one set of samples: the total, or the sum of all three phases where there is none."""
    found: dict[str, int] = {}
    for sample in samples:
        is_register = sample.get("measurand", IMPORTED) == register and sample.get("location", "Outlet") == "Outlet"
        if is_register and sample.get("format", "Raw") == "Raw" and (wh := _wh(sample)) is not None:
            found[str(sample.get("phase", ""))] = wh
    if "" in found:
        return found[""]
    return sum(found[phase] for phase in _PHASES) if found.keys() >= _PHASES else None


def _wh(sample: dict[str, Any]) -> int | None:
    try:
        number = Decimal(str(sample.get("value")).strip().replace(",", "."))
    except InvalidOperation:
        return None
    unit = sample.get("unitOfMeasure")  # OCPP 2.0.1: with a power of ten beside it
    named, power = (unit.get("unit", "Wh"), unit.get("multiplier", 0)) if isinstance(unit, dict) else ("Wh", 0)
    factor = {"Wh": 0, "kWh": 3}.get(str(sample.get("unit", named)))
    if factor is None or not number.is_finite() or not isinstance(power, int) or abs(power) > LARGEST_POWER:
        return None
    number = number.scaleb(factor + power) if abs(number) <= LARGEST_REGISTER_WH else number
    return int(number.to_integral_value()) if abs(number) <= LARGEST_REGISTER_WH else None


def rows(value: Any) -> list[Any]:
    """Return a list of a message; an empty one for what is none."""
    return value if isinstance(value, list) else []


def plain_answer(action: str, at: datetime) -> dict[str, Any] | None:
    """Return the answer to a message that needs no look at anything; None for one that is not known."""
    return {} if action in _PLAIN else common_answer(action, at)


def authorized(verdict: str, group: str = "") -> dict[str, Any]:
    """Return the answer to the question whether a card may charge.

    group: what all cards have in common of which one may end what another began; empty where there is only one.
    """
    return {"idTagInfo": {"status": verdict, **({"parentIdTag": group} if group else {})}}


def booted(boot: str, at: datetime) -> dict[str, Any]:
    """Return the answer to a station that starts, in all versions. boot: a `Boot`."""
    return {"status": boot, "currentTime": _written(at), "interval": ASK_AGAIN_S.get(Boot(boot), HEARTBEAT_S)}


def _written(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def common_answer(action: str, at: datetime) -> dict[str, Any] | None:
    """Return the answer to a message that all versions know; None for another one."""
    match action:
        case "Heartbeat":
            return {"currentTime": _written(at)}
        case "DataTransfer":
            return {"status": "UnknownVendorId"}
    return None


def request(kind: Kind, wanted: Mapping[str, Any], id_tag: str = "", name: str = "") -> tuple[str, dict[str, Any]]:
    """Return a command as this protocol says it: the name of the message, and what stands in it.

    name: what the station calls the charge that is meant; here it is our number.
    """
    outlet = {"connectorId": int(wanted["connector"])} if wanted.get("connector") else {}
    payload: dict[str, Any] = {}
    match kind:
        case Kind.START:
            payload = {"idTag": id_tag, **outlet}
        case Kind.STOP:
            payload = {"transactionId": wanted["number"]}
        case Kind.UNLOCK:
            payload = outlet
        case Kind.RESET:
            payload = {"type": "Hard" if wanted.get("hard") else "Soft"}
        case Kind.AVAILABILITY:
            payload = {"connectorId": 0, **outlet, "type": in_use(wanted)}
        case Kind.TRIGGER:
            payload = {"requestedMessage": wanted["message"], **outlet}
        case Kind.CHANGE_SETTING:
            payload = {"key": wanted["key"], "value": wanted["value"]}
        case _:
            payload = _later(kind, wanted, id_tag, outlet)
    return MESSAGES[kind], payload


def _later(kind: Kind, wanted: Mapping[str, Any], id_tag: str, outlet: dict[str, Any]) -> dict[str, Any]:
    """What holds, or goes on, after the answer."""
    payload: dict[str, Any] = {}
    match kind:
        case Kind.RESERVE:
            payload = {**outlet, "expiryDate": wanted["until"], "idTag": id_tag, "reservationId": wanted["request"]}
        case Kind.CANCEL_RESERVATION:
            payload = {"reservationId": wanted["reservation"]}
        case Kind.UPDATE_FIRMWARE:
            payload = {"location": wanted["location"], "retrieveDate": wanted["when"]}
        case Kind.GET_LOG:
            payload = {"location": wanted["location"], **within(wanted, "startTime", "stopTime")}
        case Kind.LIMIT:
            payload = {"connectorId": 0, **outlet, "csChargingProfiles": _profile(wanted)}
        case Kind.CLEAR_LIMIT:
            payload = {"id": commands.profile(wanted)}
        case _:
            payload = _question(kind, wanted, outlet)
    return payload


def _question(kind: Kind, wanted: Mapping[str, Any], outlet: dict[str, Any]) -> dict[str, Any]:
    """What is asked for. Settings are read all together, unless they are named: some stations break otherwise."""
    if kind is Kind.READ_NAMED:
        return {"key": list(wanted["names"])}
    if kind is Kind.GET_SCHEDULE:
        return {"connectorId": 0, **outlet, "duration": round(commands.SCHEDULED.total_seconds())}
    if kind is Kind.EMPTY_LIST:
        return {"listVersion": wanted["version"], "updateType": "Full", "localAuthorizationList": []}
    return {}


def _profile(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """A limit from now on: of every charge at an outlet, or of the whole station."""
    return {
        "chargingProfileId": commands.profile(wanted),
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile" if wanted.get("connector") else "ChargePointMaxProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": schedule(wanted),
    }


def schedule(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return a limit as both protocols write it: one period that begins at once and does not end."""
    return {
        "chargingRateUnit": wanted["unit"],
        "startSchedule": wanted["when"],
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": wanted["limit"]}],
    }


def within(wanted: Mapping[str, Any], first: str, last: str) -> dict[str, str]:
    """Return the time that a log is wanted of, under a protocol's names; what was not said is left out."""
    return {name: str(wanted[said]) for name, said in ((first, "since"), (last, "until")) if wanted.get(said)}


def in_use(wanted: Mapping[str, Any]) -> str:
    """Return how protocols say that something is taken into or out of use."""
    return "Operative" if wanted.get("in_use") else "Inoperative"


def granted(kind: Kind, answer: Mapping[str, Any]) -> tuple[bool, str]:
    """Return whether the station does what it was asked, and its word for that."""
    said = text(dict(answer), "status", 40)
    return (kind in _WORDLESS or said in _GRANTED), said


def settings(answer: Mapping[str, Any]) -> list[tuple[str, str, bool]]:
    """Return the settings in an answer to `READ_SETTINGS`: name, value, and whether it can only be read; by name."""
    keys = [each for each in rows(answer.get("configurationKey")) if isinstance(each, dict)]
    found = [(text(row, "key", 100), text(row, "value", 500), _is_true(row.get("readonly"))) for row in keys]
    return sorted(row for row in found if row[0])


def _is_true(value: Any) -> bool:
    return value is True or str(value).strip().lower() in {"1", "true"}
