"""Charge detail records of OCPI 2.2.1 and 2.1.1, decoded.

Only the fields that a price depends on are decoded; everything else in the text is skipped. Tariffs stay text here
(`tariffs` reads each distinct text once).
"""

from __future__ import annotations

import re
from typing import Any, ClassVar, Final, Union, cast

import msgspec

from billing.domain.documents import Wanted
from billing.domain.errors import BillingError, SessionError, UnknownDimension

_NOTHING: Final = msgspec.Raw(b"")


class Dimension(msgspec.Struct, gc=False, tag_field="type"):
    """One CdrDimension: its type is the class, which spares a text and a look-up for each of millions."""

    volume: float
    code: ClassVar[int] = 0


def _dimension(code: int, name: str) -> type[Dimension]:
    namespace = {"code": code, "__module__": __name__}
    made = msgspec.defstruct(name.title(), [], bases=(Dimension,), tag=name, gc=False, namespace=namespace)
    return cast("type[Dimension]", made)


#: Where the volumes of a dimension go; those of None have nothing to do with a price.
COLUMNS: Final[dict[str, str | None]] = {
    "ENERGY": "energy_mwh",
    "TIME": "charging_uh",
    "PARKING_TIME": "parking_uh",
    "RESERVATION_TIME": "reserved_uh",
    "MIN_POWER": "min_power",
    "MAX_POWER": "max_power",
    "MIN_CURRENT": "min_current",
    "MAX_CURRENT": "max_current",
    **dict.fromkeys(("CURRENT", "ENERGY_EXPORT", "ENERGY_IMPORT", "POWER", "STATE_OF_CHARGE", "FLAT")),
}
#: The number of each dimension, in the order above.
CODES: Final = {name: code for code, name in enumerate(COLUMNS)}
_AnyDimension: Any = Union[tuple(_dimension(code, name) for name, code in CODES.items())]  # noqa: UP007  # made at run time


class Period(msgspec.Struct, gc=False):
    """One ChargingPeriod."""

    start_date_time: str
    dimensions: list[_AnyDimension]
    tariff_id: str | None = None


class Location(msgspec.Struct, gc=False):
    """A location; `time_zone` is not part of a CDR in OCPI 2.2.1, but some send it."""

    time_zone: str | None = None


class Cdr(msgspec.Struct, gc=False):
    """A charge detail record. `stop_date_time` and `location` are the names of OCPI 2.1.1."""

    start_date_time: str
    charging_periods: list[Period]
    id: str = ""
    end_date_time: str | None = None
    stop_date_time: str | None = None
    session_id: str | None = None
    total_energy: float | None = None
    tariffs: msgspec.Raw = _NOTHING
    cdr_location: Location | None = None
    location: Location | None = None

    @property
    def is_211(self) -> bool:
        return self.stop_date_time is not None and self.end_date_time is None


class Line(msgspec.Struct, gc=False):
    """One line of the `price` command."""

    cdr: Cdr
    tariff: msgspec.Raw = _NOTHING
    tariffs: msgspec.Raw = _NOTHING
    time_zone: str | None = None


_decoder: Final = msgspec.json.Decoder(Line)
_TYPE: Final = re.compile(r"cdr\.charging_periods\[\d+\]\.dimensions\[\d+\]\.type")
_EXPECTED: Final = re.compile(r"Expected `(.+)`, got `(.+)`")
_MISSING: Final = re.compile(r"Object missing required field `(.+)`")
_AT: Final = re.compile(r"`\$\.?(.*)`$")


class _Named(msgspec.Struct):
    """Only the id of a CDR."""

    id: str | None = None


class _NamedLine(msgspec.Struct):
    """A line of which only the CDR's id can be read."""

    cdr: _Named


_namer: Final = msgspec.json.Decoder(_NamedLine)


def id_of(text: bytes | str) -> str | None:
    """The id of a line's CDR, if there is one to be found, however broken the rest is."""
    try:
        return _namer.decode(text).cdr.id
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def decode(text: bytes | str) -> Line:
    """One line of JSON as a `Line`.

    Raises:
        SessionError: it is not JSON, or a field that a price depends on is missing or of the wrong type.
    """
    try:
        return _decoder.decode(text)
    except msgspec.ValidationError as problem:
        what, _, where = str(problem).partition(" - at ")
        found = _AT.search(where)
        field = found[1] if found else ""
        kind = UnknownDimension if _TYPE.fullmatch(field) else SessionError
        raise _misfit(what, field, kind) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise SessionError(value=text, wanted={"code": Wanted.JSON, "problem": str(problem)}) from None


def _misfit(what: str, field: str, kind: type[BillingError]) -> BillingError:
    """What the reader of JSON says of a value that does not fit, as an error with facts."""
    if found := _EXPECTED.fullmatch(what):
        return kind(field=field, value=found[2], wanted={"code": Wanted.TYPE, "type": found[1]})
    if found := _MISSING.fullmatch(what):
        return kind(field=field, value={}, wanted={"code": Wanted.WITH_FIELD, "name": found[1]})
    return kind(field=field, wanted={"code": Wanted.FITTING, "problem": what})
