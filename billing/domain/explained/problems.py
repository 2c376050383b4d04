"""Why sessions of a rated batch have no price: the number in its column as a typed error, when someone asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np

from billing.domain import errors
from billing.domain.errors import BillingError
from billing.domain.kernel.rated import Rated
from billing.domain.sessions.columns import Fault, Readings, Sessions


@dataclass(frozen=True, slots=True)
class _Wording:
    """How a fault is told: the type of the error, the field, a sentence, and which of its words is the value."""

    kind: type[BillingError]
    field: str
    sentence: str
    value: str


_WORDINGS: Final = {
    Fault.UNMETERED: _Wording(
        errors.Unmetered,
        "charging_periods",
        "The session from {start} to {end} has no reading and no total energy, so there is nothing to price.",
        "start",
    ),
    Fault.NEGATIVE: _Wording(
        errors.NegativeQuantity,
        "charging_periods.dimensions.volume",
        "A quantity is negative, or the meter ran backwards, in the session from {start} to {end}.",
        "least",
    ),
    Fault.ENDS_BEFORE_START: _Wording(
        errors.EndsBeforeStart, "end_date_time", "The session ends at {end}, before it starts at {start}.", "end"
    ),
    Fault.OUTSIDE_SESSION: _Wording(
        errors.OutsideSession,
        "charging_periods.start_date_time",
        "A period or the end of charging lies outside the session from {start} to {end}.",
        "end",
    ),
    Fault.TOO_LARGE: _Wording(
        errors.TooLarge,
        "charging_periods",
        "The session from {start} to {end} is longer than 366 days or has more than 100 MWh.",
        "end",
    ),
    Fault.UNKNOWN_ZONE: _Wording(
        errors.UnknownZone, "time_zone", "time_zone must be an IANA time zone, not {zone!r}.", "zone"
    ),
    Fault.TARIFF_NOT_VALID: _Wording(
        errors.TariffNotValid,
        "tariff.start_date_time",
        "The tariff was not valid at {start}, when the session started.",
        "start",
    ),
    Fault.UNKNOWN_TARIFF: _Wording(
        errors.UnknownTariff,
        "charging_periods.tariff_id",
        "The session names a tariff that was not given, or none; given are {tariffs}.",
        "tariffs",
    ),
    Fault.MIXED_CURRENCIES: _Wording(
        errors.MixedCurrencies,
        "tariff.currency",
        "One session is priced in one currency, not in {currencies}.",
        "currencies",
    ),
}


def error_of(rated: Rated, index: int) -> BillingError | None:
    """Why session `index` has no price, naming the field and the value; None if it has one."""
    fault = Fault(int(rated.fault[index]))
    if fault is Fault.NONE:
        return None
    wording, sessions = _WORDINGS[fault], rated.sessions
    words = {
        "start": instant_text(int(sessions.start[index])),
        "end": instant_text(int(sessions.end[index])),
        "zone": zone_name(sessions, index),
        "least": least_quantity(sessions, index),
        "tariffs": ", ".join(terms.id for terms in rated.plan.tariffs),
        "currencies": ", ".join(sorted({terms.currency for terms in rated.plan.tariffs})),
    }
    return wording.kind(wording.sentence.format(**words), field=wording.field, value=words[wording.value])


def zone_name(sessions: Sessions, index: int) -> str:
    """The name of a session's time zone, as it was given."""
    return sessions.zones[0 if sessions.zone is None else int(sessions.zone[index])]


def least_quantity(sessions: Sessions, index: int) -> int:
    """The smallest entry of a session's meter or periods, in mWh: the negative one, where energy is at fault."""
    measured = sessions.measured
    first, last = int(measured.offsets[index]), int(measured.offsets[index + 1])
    counted = measured.energy[first:last]
    if isinstance(measured, Readings):
        counted = np.diff(counted)
    return int(counted.min(initial=0))


def instant_text(instant: int) -> str:
    """An instant as OCPI writes it."""
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
