"""How a station goes about things, read off what it said lately: how it counts, how often it tells, how its clock goes.

Nothing here decides anything. It is for people who wonder why a charge came out as it did.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from statistics import median_low
from typing import Any

from charging.domain.ocpp import frames, v16, v201
from charging.domain.ocpp.frames import Call, text

#: The unit of a register that names none: Wh, by the standard.
UNSAID = ""
_UNITS = {"Wh", "kWh"}


@dataclass(frozen=True, slots=True)
class Made:
    """What a station is made of, as it said when it booted. Empty: it did not say."""

    firmware: str
    serial: str
    meter: str
    meter_serial: str


@dataclass(frozen=True, slots=True)
class Habits:
    """units: in which it writes the energy register. every_s: between two readings of one charge.

    clock_s: by how much its clock is ahead of ours, negative where it is behind. counts_on: whether the register goes
    on from one charge to the next, or begins at zero with each. None: it cannot be told. exports: whether it tells what
    was exported, and never what was imported: its meter is connected the wrong way round.
    """

    units: tuple[str, ...] = ()
    every_s: int | None = None
    clock_s: int | None = None
    counts_on: bool | None = None
    exports: bool = False


def made(boot: dict[str, Any]) -> Made:
    """Read what a station is made of out of its BootNotification."""
    station = boot.get("chargingStation")  # OCPP 2.0.1
    station = station if isinstance(station, dict) else {}
    return Made(
        text(boot, "firmwareVersion", 50) or text(station, "firmwareVersion", 50),
        text(boot, "chargePointSerialNumber", 50)
        or text(boot, "chargeBoxSerialNumber", 50)
        or text(station, "serialNumber", 50),
        text(boot, "meterType", 50),
        text(boot, "meterSerialNumber", 50),
    )


def learnt(heard: Iterable[tuple[datetime, str]], spans: Sequence[tuple[int, int]]) -> Habits:
    """Return the habits of a station.

    heard: frames of the station with the instants at which they came, in order. spans: of its last charges at one
    outlet, in order, the register at the start and the energy, in Wh.
    """
    calls = [(at, call) for at, raw in heard if isinstance(call := frames.read(raw), Call) and call.payload]
    values = [(at, v16.rows((call.payload or {}).get("meterValue"))) for at, call in calls]
    late = [(at - said).total_seconds() for at, call in calls if (said := _said_at(call)) is not None]
    return Habits(
        units=tuple(sorted({unit for _, some in values for value in some for unit in _units(value)})),
        every_s=_every_s(calls),
        # What waited for a connection came late by hours; what came at once, by nothing but the clock's fault.
        clock_s=-round(min(late)) if late else None,
        counts_on=_counts_on(spans),
        exports={name for _, some in values for name in v16.registers(some)} == {v16.EXPORTED},
    )


def _said_at(call: Call) -> datetime | None:
    payload = call.payload or {}
    values = v16.rows(payload.get("meterValue"))
    last = values[-1] if values and isinstance(values[-1], dict) else {}
    said = v16.instant(payload.get("timestamp") or last.get("timestamp"))
    return said if said and said >= v16.FIRST_BELIEVED else None


def _units(value: Any) -> Iterable[str]:
    for sample in v16.rows(value.get("sampledValue")) if isinstance(value, dict) else []:
        if not isinstance(sample, dict) or sample.get("measurand", v16.IMPORTED) != v16.IMPORTED:
            continue
        if sample.get("format") == "SignedData":
            continue
        beside = sample.get("unitOfMeasure")
        named = text(beside if isinstance(beside, dict) else sample, "unit", 10)
        if named in _UNITS | {UNSAID}:
            yield named


def _every_s(calls: Sequence[tuple[datetime, Call]]) -> int | None:
    """How many seconds lie between two readings of one charge, usually."""
    read: dict[str, list[datetime]] = {}
    for _, call in calls:
        payload = call.payload or {}
        info = payload.get("transactionInfo")
        name = text(info, "transactionId") if isinstance(info, dict) else text(payload, "transactionId")
        is_reading = call.action == "MeterValues" or (call.action == v201.EVENT and payload.get("meterValue"))
        if name and is_reading and (at := _said_at(call)):
            read.setdefault(name, []).append(at)
    gaps = [(then - at).total_seconds() for some in read.values() for at, then in pairwise(some)]
    return round(median_low(gaps)) if gaps else None


def _counts_on(spans: Sequence[tuple[int, int]]) -> bool | None:
    if len(spans) < 2:
        return None
    if all(start == 0 for start, _ in spans):
        return False
    is_going_on = all(then >= start + energy for (start, energy), (then, _) in pairwise(spans))
    return True if is_going_on else None
