"""Local clock times into instants, and what the two nights of summer time do to them.

When clocks go forward an hour of local times never happens; when they go back an hour happens twice. A file that
writes local time without an offset can contain both. The first is always wrong. The second is right but says one of
two instants, an hour of parking apart: it is refused unless the owner of the file knows how their system writes it.
"""

from enum import StrEnum
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from charging.domain.errors import ChargingError, Code

UTC_TIME = pl.Datetime("us", "UTC")


class Fold(StrEnum):
    """Which of the two instants a repeated local time means."""

    REJECT = "reject"
    FIRST = "first"
    SECOND = "second"


class Instants(NamedTuple):
    """Instants in UTC, null where there is none, and why."""

    utc: pl.Series
    impossible: pl.Series
    repeated: pl.Series


def known_zone(name: str) -> str:
    """Return the name of a time zone of the IANA database, or raise.

    Raises:
        ChargingError: there is no such zone.
    """
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ChargingError(Code.NO_TIME_ZONE, name=name) from None


def instants(local: pl.Series, *, zone: str, fold: Fold = Fold.REJECT) -> Instants:
    """Turn naive local times into instants.

    `impossible` marks times the clock jumped over, `repeated` those it showed twice, whatever `fold` makes of them.
    """
    exact = local.dt.replace_time_zone(zone, ambiguous="null", non_existent="null")
    unclear = exact.is_null() & local.is_not_null()
    nowhere = pl.repeat(value=False, n=len(local), eager=True)
    if not unclear.any():
        return Instants(exact.dt.convert_time_zone("UTC"), nowhere, nowhere)
    which: Literal["latest", "earliest"] = "latest" if fold is Fold.SECOND else "earliest"
    chosen = local.dt.replace_time_zone(zone, ambiguous=which, non_existent="null")
    impossible = unclear & chosen.is_null()
    utc = exact if fold is Fold.REJECT else chosen
    return Instants(utc.dt.convert_time_zone("UTC"), impossible, unclear & ~impossible)
