"""Reading fields of a JSON document, loudly.

Each function takes the document, the key and the path so far, and either returns a value of the right type or raises
an error that names the field and shows the value. Numbers become `Decimal` through the digits that were written,
never through binary floating point arithmetic.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from billing.domain.errors import BillingError, TariffError
from billing.domain.money import round_half_up

Document = Mapping[str, Any]

_CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_NUMBER: Final = re.compile(r"\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,9})?\s*")
#: More decimals than this are the trace of binary arithmetic (0.33999999999999997), not a price; they are rounded off.
MAX_DECIMALS: Final = 12
MAX_DIGITS: Final = 12
_LONGEST_NUMBER: Final = 400
_NOT_FINITE: Final = ("nan", "snan", "inf", "infinity")


class Wanted(StrEnum):
    """What a field must be, where it is not."""

    OBJECT = "wanted_object"
    LIST = "wanted_list"
    TEXT = "wanted_text"
    NUMBER = "wanted_number"
    FINITE = "wanted_finite"
    BELOW = "wanted_below"
    WHOLE = "wanted_whole"
    AT_LEAST_0 = "wanted_at_least_0"
    AT_MOST_A_MILLION = "wanted_at_most_a_million"
    CLOCK = "wanted_clock"
    DAY = "wanted_day"
    INSTANT = "wanted_instant"
    YEARS = "wanted_years"
    AT_MOST = "wanted_at_most"
    DECIMALS = "wanted_decimals"
    PERCENTAGE = "wanted_percentage"
    RESTRICTION = "wanted_restriction"
    WEEKDAY = "wanted_weekday"
    RESERVATION = "wanted_reservation"
    RESERVED_DIMENSION = "wanted_reserved_dimension"
    COMPONENTS = "wanted_components"
    ELEMENTS = "wanted_elements"
    TARIFF = "wanted_tariff"
    TARIFFS = "wanted_tariffs"
    ONE_OF = "wanted_one_of"
    TYPE = "wanted_type"
    WITH_FIELD = "wanted_with_field"
    FITTING = "wanted_fitting"
    JSON = "wanted_json"


def bad(
    path: str, value: object, wanted: Wanted, kind: type[BillingError] = TariffError, **about: object
) -> BillingError:
    """The error that `path` holds `value` where something else is wanted. `about`: the facts of what is wanted."""
    return kind(field=path, value=value, wanted={"code": wanted, **about})


def mapping(value: object, path: str, kind: type[BillingError] = TariffError) -> Document:
    """`value` if it is a JSON object."""
    if isinstance(value, Mapping):
        return value
    raise bad(path, value, Wanted.OBJECT, kind)


def sequence(value: object, path: str, kind: type[BillingError] = TariffError) -> list[Any]:
    """`value` if it is a JSON list; absent counts as empty."""
    if value is None:
        return []
    if isinstance(value, list | tuple):
        return list(value)
    raise bad(path, value, Wanted.LIST, kind)


def text(value: object, path: str, kind: type[BillingError] = TariffError) -> str:
    """`value` if it is text that is not empty."""
    if isinstance(value, str) and value:
        return value
    raise bad(path, value, Wanted.TEXT, kind)


def optional_text(document: Document, key: str) -> str:
    """The text under `key`, or nothing if it is absent, null or empty."""
    value = document.get(key)
    return "" if value is None or value == "" else text(value, key)


def decimal(value: object, path: str, kind: type[BillingError] = TariffError) -> Decimal:
    """A JSON number as `Decimal`. A float stands for its shortest digits, which are the ones that were written."""
    number = _number(value, path, kind)
    if not number.is_finite():
        raise bad(path, value, Wanted.FINITE, kind)
    if number.adjusted() > MAX_DIGITS:
        raise bad(path, value, Wanted.BELOW, kind, amount=f"10^{MAX_DIGITS + 1}")
    if number.adjusted() < -MAX_DECIMALS - 1:
        return Decimal(0)  # and not a fraction over a number of as many digits as the exponent says
    exponent = number.as_tuple().exponent
    too_fine = isinstance(exponent, int) and exponent < -MAX_DECIMALS
    return round_half_up(number, MAX_DECIMALS).normalize() if too_fine else number


def _number(value: object, path: str, kind: type[BillingError]) -> Decimal:
    if isinstance(value, str) and value.strip().lower().lstrip("+-") in _NOT_FINITE:
        raise bad(path, value, Wanted.FINITE, kind)
    if isinstance(value, str) and (len(value) > _LONGEST_NUMBER or not _NUMBER.fullmatch(value)):
        raise bad(path, value, Wanted.NUMBER, kind)
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise bad(path, value, Wanted.NUMBER, kind)
    return Decimal(repr(value) if isinstance(value, float) else value)


def optional_decimal(document: Document, key: str, path: str) -> Decimal | None:
    """The number under `key`, or None if it is absent or null."""
    value = document.get(key)
    return None if value is None else decimal(value, f"{path}.{key}")


def whole(value: object, path: str) -> int:
    """A JSON number that is whole and not negative."""
    number = decimal(value, path)
    if number != number.to_integral_value() or number < 0:
        raise bad(path, value, Wanted.WHOLE)
    return int(number)


def clock(value: object, path: str) -> time:
    """`hh:mm` of OCPI's `start_time` and `end_time`; "24:00" is illegal there and refused here."""
    match = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise bad(path, value, Wanted.CLOCK)
    return time(int(match[1]), int(match[2]))


def day(value: object, path: str) -> date:
    """`yyyy-mm-dd` of OCPI's `start_date` and `end_date`."""
    try:
        return date.fromisoformat(text(value, path))
    except ValueError:
        raise bad(path, value, Wanted.DAY) from None


def instant(value: object, path: str, kind: type[BillingError] = TariffError) -> datetime:
    """An OCPI DateTime as aware UTC, in whole seconds. Without an offset it is UTC; with one (illegal) it is obeyed."""
    written = text(value, path, kind)
    try:
        moment = datetime.fromisoformat(written if _CLOCK.search(written) else "")
    except ValueError:
        raise bad(path, value, Wanted.INSTANT, kind) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC).replace(microsecond=0)
    except OverflowError:  # of the first or the last day there is, by a clock ahead or behind
        raise bad(path, value, Wanted.YEARS, kind) from None
