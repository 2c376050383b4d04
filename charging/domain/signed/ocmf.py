"""OCMF, the Open Charge Metering Format: a record is `OCMF|what was measured|its signature`, both halves JSON.

Lenient in form (makers wrap it in hex, base64 or JSON), never in the bytes: a signature stands for the bytes between
the bars as they came, so nothing here is written anew. Records come from stations, so everything is bounded.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import Any

from charging.domain.signed import keys

_HEAD, _BAR = b"OCMF|", b"|"
#: Signs of a record with everything around it. Those of the field have some 600.
LONGEST = 100_000
MOST_READINGS = 500
_WRAPPED_AT_MOST = 3
#: How JSON around a record names it: by makers, and by OCPP 2.0.1.
_NAMES = ("signedMeterData", "signedData", "SignedMeterValue", "value", "data")
_ALGORITHM = re.compile(r"(?:ECDSA-(?P<curve>[a-z0-9]+)|RSA-(?P<bits>[0-9]{4}))-SHA256", re.IGNORECASE)
_UNITS = {"wh": 0, "kwh": 3}
_LARGEST_POWER, _LARGEST_WH = 12, 2**53
_EXPORT = re.compile(r"(?:^|[:.-])(?:2\.8|c[0-3]\.8)(?:\.|\*|$)")


class Unreadable(Exception):
    """It is no record that can be read."""


class UnknownSignature(Unreadable):
    """It is signed in a way that is not known here, so nobody can tell whether it is genuine."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The register at a moment of the charge.

    kind: TX, such as B for its begin. clock: how far the time can be believed, S for synchronised. step_wh: of how
    many Wh its last digit is. register: its OBIS number. state: ST, G for good. faults: EF, E for energy, t for time.
    """

    kind: str
    at: datetime | None
    clock: str
    wh: Decimal
    step_wh: Decimal
    register: str
    state: str
    faults: str


@dataclass(frozen=True, slots=True)
class Record:
    """What was measured. page: PG, counted by the meter. identity: the card, empty where none is said to be."""

    meter: str
    page: str
    identity: str
    readings: tuple[Reading, ...]


def unwrapped(raw: str) -> bytes:
    """Return the record inside of what a station sent.

    Raises:
        Unreadable: there is none.
    """
    found: bytes | None = raw.encode() if len(raw) <= LONGEST else None
    for _ in range(_WRAPPED_AT_MOST):
        found = (found or b"").strip()
        if found.startswith(_HEAD):
            return found
        found = _enveloped(found) if found.startswith(b"{") else keys.bytes_of(found)
    raise Unreadable


def digest(raw: str) -> str:
    """Return what tells a record from others, however it is wrapped."""
    try:
        return sha256(unwrapped(raw)).hexdigest()
    except Unreadable:
        return sha256(raw.encode()).hexdigest()


def parted(record: bytes) -> tuple[bytes, bytes]:
    """Return the bytes that were signed, and the signature. The first ones need not be readable.

    Raises:
        Unreadable: a half is missing.
        UnknownSignature: the signature is of a kind that is not known.
    """
    payload, bar, tail = record.removeprefix(_HEAD).rpartition(_BAR)
    said = _object(tail) if bar else {}
    signature, algorithm = said.get("SD"), said.get("SA", "ECDSA-secp256r1-SHA256")
    if not isinstance(signature, str):
        raise Unreadable
    if not _is_known(str(algorithm).strip()):
        raise UnknownSignature
    data = keys.bytes_of(signature.encode())
    if not data:
        raise Unreadable
    return payload, data


def _is_known(algorithm: str) -> bool:
    found = _ALGORITHM.fullmatch(algorithm)
    if found is None:
        return False
    return bool(keys.curve_name(found["curve"])) if found["curve"] else int(found["bits"]) in keys.RSA_BITS


def read(payload: bytes) -> Record:
    """Return what was measured.

    Raises:
        Unreadable: it is no JSON, or has no readings.
    """
    said = _object(payload)
    rows = said.get("RD")
    if not isinstance(rows, list):
        raise Unreadable
    named = _text(said, "ID") if said.get("IS") is not False and _text(said, "IT").upper() != "NONE" else ""
    return Record(_text(said, "MS"), _text(said, "PG").upper(), named, tuple(_readings(rows[:MOST_READINGS])))


def _readings(rows: list[Any]) -> Iterator[Reading]:
    """What a reading leaves out is as in the one before it, but for what it is about."""
    before: dict[str, Any] = {}
    for row in rows:
        if not isinstance(row, dict):
            continue
        inherited = {name: said for name, said in before.items() if name not in {"RV", "EF"}}
        before = said = inherited | row
        register = _obis(_text(said, "RI"))
        if (value := _value(said)) is None or _EXPORT.search(register):
            continue
        at, clock = _time(_text(said, "TM"))
        kind, state, faults = (_text(said, name) for name in ("TX", "ST", "EF"))
        yield Reading(kind.upper(), at, clock, *value, register, state.upper(), faults)


def _obis(register: str) -> str:
    """A register's number without the zeros that some write before each part: 01-00:01.08.00.FF is 1-0:1.8.0.ff."""
    return re.sub(r"(?<![0-9a-z])0+(?=[0-9a-z])", "", register.casefold())


def _value(said: Mapping[str, Any]) -> tuple[Decimal, Decimal] | None:
    """The register in Wh and the size of its last digit; None for what is no energy."""
    power = _UNITS.get(_text(said, "RU").casefold())
    try:
        number = Decimal(str(said.get("RV")).strip())
    except InvalidOperation:
        return None
    if power is None or not number.is_finite() or abs(number.adjusted()) > _LARGEST_POWER:
        return None
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    if abs(exponent) > _LARGEST_POWER or abs(wh := number.scaleb(power)) > _LARGEST_WH:
        return None
    return wh, Decimal(1).scaleb(exponent + power)


def _time(said: str) -> tuple[datetime | None, str]:
    """A time as OCMF writes it: `2026-11-20T08:00:00,000+0100 S`."""
    written, _, clock = said.partition(" ")
    try:
        at = datetime.fromisoformat(written.replace(",", "."))
    except ValueError:
        return None, ""
    return (at if at.tzinfo else None), clock.strip().upper()[:1]


def _enveloped(found: bytes) -> bytes | None:
    said = _object(found)
    inner = next((said[name] for name in _NAMES if isinstance(said.get(name), str)), None)
    return inner.encode("utf-8", "replace") if inner is not None else None


def _object(written: bytes) -> dict[str, Any]:
    """A JSON object with its numbers as they are written.

    Raises:
        Unreadable: it is none.
    """
    try:
        found = json.loads(written, parse_float=Decimal, parse_int=Decimal, parse_constant=str)
    except (ValueError, RecursionError, InvalidOperation):
        raise Unreadable from None
    if not isinstance(found, dict):
        raise Unreadable
    return found


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    return str(value).strip()[:100] if isinstance(value, str | Decimal) else ""
