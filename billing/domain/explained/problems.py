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
class _Fault:
    """How a fault is told: the type of the error, the field, and which of its facts is the value."""

    kind: type[BillingError]
    field: str
    value: str


_FAULTS: Final = {
    Fault.UNMETERED: _Fault(errors.Unmetered, "charging_periods", "start"),
    Fault.NEGATIVE: _Fault(errors.NegativeQuantity, "charging_periods.dimensions.volume", "least"),
    Fault.ENDS_BEFORE_START: _Fault(errors.EndsBeforeStart, "end_date_time", "end"),
    Fault.OUTSIDE_SESSION: _Fault(errors.OutsideSession, "charging_periods.start_date_time", "end"),
    Fault.TOO_LARGE: _Fault(errors.TooLarge, "charging_periods", "end"),
    Fault.UNKNOWN_ZONE: _Fault(errors.UnknownZone, "time_zone", "zone"),
    Fault.TARIFF_NOT_VALID: _Fault(errors.TariffNotValid, "tariff.start_date_time", "start"),
    Fault.UNKNOWN_TARIFF: _Fault(errors.UnknownTariff, "charging_periods.tariff_id", "tariffs"),
    Fault.MIXED_CURRENCIES: _Fault(errors.MixedCurrencies, "tariff.currency", "currencies"),
}


def error_of(rated: Rated, index: int) -> BillingError | None:
    """Why session `index` has no price, naming the field and the value; None if it has one."""
    fault = Fault(int(rated.fault[index]))
    if fault is Fault.NONE:
        return None
    told, sessions = _FAULTS[fault], rated.sessions
    facts = {
        "start": instant_text(int(sessions.start[index])),
        "end": instant_text(int(sessions.end[index])),
        "zone": zone_name(sessions, index),
        "least": least_quantity(sessions, index),
        "tariffs": ", ".join(terms.id for terms in rated.plan.tariffs),
        "currencies": ", ".join(sorted({terms.currency for terms in rated.plan.tariffs})),
    }
    return told.kind(field=told.field, value=facts[told.value], **facts)


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
