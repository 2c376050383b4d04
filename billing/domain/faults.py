"""Sessions that cannot be priced: found before the kernel runs, turned into typed errors when someone asks.

A batch never dies of one bad session and none becomes free by accident: what is wrong is one number a session in a
column, and the session has no slices and no total.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import numpy as np

from billing.domain import errors, zones
from billing.domain.columns import (
    NO_TARIFF,
    Fault,
    Flag,
    Ints,
    Periods,
    Readings,
    Sessions,
    counts,
    offsets_of,
    owners,
)
from billing.domain.errors import BillingError
from billing.domain.plan import Lane, Plan

_ERRORS: Final[dict[Fault, tuple[type[BillingError], str, str]]] = {
    Fault.UNMETERED: (
        errors.Unmetered,
        "charging_periods",
        "The session has no reading and no total energy, so there is nothing to price.",
    ),
    Fault.NEGATIVE: (
        errors.NegativeQuantity,
        "charging_periods.dimensions.volume",
        "A quantity of the session is negative, or its meter ran backwards.",
    ),
    Fault.ENDS_BEFORE_START: (errors.EndsBeforeStart, "end_date_time", "The session ends before it starts."),
    Fault.OUTSIDE_SESSION: (
        errors.OutsideSession,
        "charging_periods.start_date_time",
        "A period or the end of charging lies outside the session.",
    ),
    Fault.TOO_LARGE: (
        errors.TooLarge,
        "charging_periods.dimensions.volume",
        "The session is longer than 366 days or has more than 100 MWh; that is an error of some machine.",
    ),
    Fault.UNKNOWN_ZONE: (
        errors.UnknownZone,
        "time_zone",
        "The time zone of the session is not an IANA time zone.",
    ),
    Fault.TARIFF_NOT_VALID: (
        errors.TariffNotValid,
        "tariff.start_date_time",
        "The tariff was not valid when the session started.",
    ),
    Fault.UNKNOWN_TARIFF: (
        errors.UnknownTariff,
        "charging_periods.tariff_id",
        "A period names a tariff that was not given, or no period names one.",
    ),
    Fault.MIXED_CURRENCIES: (
        errors.MixedCurrencies,
        "tariff.currency",
        "The session is priced by tariffs of different currencies.",
    ),
}


def error(fault: Fault, value: object = None) -> BillingError:
    """The typed error of a fault."""
    kind, field, message = _ERRORS[fault]
    return kind(message, field=field, value=value)


def judge(plan: Plan, sessions: Sessions) -> tuple[Ints, Ints]:
    """The tariff at the start of each session, and its fault. Faults found on the way in take precedence."""
    fault = np.zeros(len(sessions), dtype=np.int64)
    first = _tariffs(plan, sessions, fault)
    _not_valid(plan, sessions, first, fault)
    _energy_missing(plan, sessions, first, fault)
    for position, name in enumerate(sessions.zones):
        if not zones.known(name):
            fault[slice(None) if sessions.zone is None else sessions.zone == position] = Fault.UNKNOWN_ZONE
    if sessions.fault is not None:
        fault = np.where(sessions.fault != Fault.NONE, sessions.fault, fault)
    return first, fault


def _tariffs(plan: Plan, sessions: Sessions, fault: Ints) -> Ints:
    """The first tariff that a session names."""
    measured = sessions.measured
    first = np.zeros(len(sessions), dtype=np.int64)
    if isinstance(measured, Readings) or measured.tariff is None:
        if sessions.tariff is not None:
            first = sessions.tariff
            fault[(first < 0) | (first >= len(plan.tariffs))] = Fault.UNKNOWN_TARIFF
        return first
    owner = owners(measured.offsets)
    fault[owner[measured.tariff >= len(plan.tariffs)]] = Fault.UNKNOWN_TARIFF
    named = np.flatnonzero(measured.tariff != NO_TARIFF)
    first = np.full(len(sessions), NO_TARIFF, dtype=np.int64)
    first[owner[named[::-1]]] = measured.tariff[named[::-1]]
    fault[first == NO_TARIFF] = Fault.UNKNOWN_TARIFF
    _mixed(plan, measured.tariff[named], owner[named], first, fault)
    return first


def _mixed(plan: Plan, tariff: Ints, owner: Ints, first: Ints, fault: Ints) -> None:
    if len({terms.currency for terms in plan.tariffs}) == 1:
        return
    sound = tariff < len(plan.tariffs)
    codes = {terms.currency: position for position, terms in enumerate(plan.tariffs)}
    currency = np.array([codes[terms.currency] for terms in plan.tariffs])
    tariff, owner = tariff[sound], owner[sound]
    begins = np.minimum(first[owner], len(plan.tariffs) - 1)
    fault[owner[currency[tariff] != currency[begins]]] = Fault.MIXED_CURRENCIES


def _not_valid(plan: Plan, sessions: Sessions, first: Ints, fault: Ints) -> None:
    for index, terms in enumerate(plan.tariffs):
        for edge, too_soon in ((terms.start_date_time, True), (terms.end_date_time, False)):
            if edge is not None:
                instant = int(edge.timestamp())
                outside = sessions.start < instant if too_soon else sessions.start >= instant
                fault[(first == index) & outside] = Fault.TARIFF_NOT_VALID


def _energy_missing(plan: Plan, sessions: Sessions, first: Ints, fault: Ints) -> None:
    """Energy that was used but not metered cannot be priced by a tariff that sells energy."""
    if sessions.flags is None:
        return
    missing = (sessions.flags & Flag.ENERGY_MISSING) != 0
    for index in range(len(plan.tariffs)):
        if Lane.ENERGY in plan.choices and plan.choices[Lane.ENERGY][index].candidates:
            fault[missing & (first == index)] = Fault.UNMETERED


def pick(sessions: Sessions, good: Ints) -> Sessions:
    """Only these sessions."""
    chosen = {
        name: None if (column := getattr(sessions, name)) is None else column[good]
        for name in (
            "start",
            "end",
            "charging_end",
            "zone",
            "tariff",
            "expired",
            "meter_start",
            "fault",
            "flags",
        )
    }
    return replace(sessions, measured=_pick_measured(sessions.measured, good), **chosen)


def _pick_measured(measured: Periods | Readings, good: Ints) -> Periods | Readings:
    lengths = counts(measured.offsets)
    wanted = np.zeros(len(lengths), dtype=np.bool_)
    wanted[good] = True
    kept = np.repeat(wanted, lengths)
    columns = {
        name: None if (column := getattr(measured, name)) is None else column[kept]
        for name in measured.__slots__
        if name != "offsets"
    }
    return replace(measured, offsets=offsets_of(lengths[good]), **columns)


def instant_text(instant: int) -> str:
    """An instant as OCPI writes it."""
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
