"""Charge detail records as columns.

Volumes are written as decimals with a few places. They are read as the nearest binary number and turned into whole
millionths at once; that recovers every decimal of up to six places exactly, and nothing is computed in between.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from billing.domain.arrays import Ints, offsets_of
from billing.domain.cdr import instants
from billing.domain.cdr.decoded import CODES, COLUMNS, Cdr, Period
from billing.domain.documents import Wanted, bad, instant
from billing.domain.errors import BillingError, ImpossibleEnergy, NegativeQuantity, SessionError, TooLarge
from billing.domain.sessions.columns import ABSENT, MICRO, Flag, Sessions
from billing.domain.sessions.periods import from_periods
from charging.domain.limits import Limits

_READINGS: Final = ("min_power", "max_power", "min_current", "max_current")
#: Volumes beyond this are refused as too large before they are turned into integers.
LARGEST: Final = 10.0**6
#: A CDR's total energy and the sum of its periods may differ by a watt-hour (four decimals, rounded each).
_ENERGY_TOLERANCE: Final = 0.001
_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """CDRs of one set of tariffs as columns, with what only their text can tell."""

    sessions: Sessions
    #: The error of each CDR that the columns cannot express, by position.
    problems: dict[int, BillingError]


def columns(cdrs: Sequence[Cdr], periods: Sequence[Period], zones: str | Sequence[str], tariffs: Ints | None) -> Batch:
    """Lay out CDRs, whose `periods` are all of theirs in order.

    `tariffs` names the tariff of every period by index, None if there is only one.
    """
    dimensions = [dimension for period in periods for dimension in period.dimensions]
    offsets = _lengths([len(cdr.charging_periods) for cdr in cdrs])
    at = instants.read(
        [cdr.start_date_time for cdr in cdrs]
        + [cdr.end_date_time or cdr.stop_date_time or "" for cdr in cdrs]
        + [period.start_date_time for period in periods]
    )
    codes = np.frombuffer(bytes([dimension.code for dimension in dimensions]), dtype=np.uint8)
    volumes = np.array(array("d", [dimension.volume for dimension in dimensions]))
    of_dimension = _owner([len(period.dimensions) for period in periods])
    problems = _problems(cdrs, at, offsets, volumes, of_dimension)
    volumes[np.abs(volumes) > LARGEST] = 0
    micros = np.floor(volumes * MICRO + 0.5).astype(np.int64)
    filled = _filled(codes, micros, of_dimension, len(periods))
    count = len(cdrs)
    sessions = from_periods(
        start=np.maximum(at[:count], 0),
        end=np.maximum(at[count : 2 * count], 0),
        zone=zones,
        offsets=offsets,
        period_start=np.maximum(at[2 * count :], 0),
        tariff=tariffs,
        expired=[_has_expired(cdr) for cdr in cdrs] if "reserved_uh" in filled else None,
        **filled,  # its keys are names of columns
    )
    counted = _check_energy(cdrs, sessions, offsets, filled["energy_mwh"])
    problems |= _impossible(cdrs, counted, at) if len(cdrs) else {}
    return Batch(sessions, problems)


def _lengths(counts: list[int]) -> Ints:
    return offsets_of(np.array(counts, dtype=np.int64))


def _owner(counts: list[int]) -> Ints:
    return np.repeat(np.arange(len(counts)), np.array(counts, dtype=np.int64))


def _filled(codes: Any, micros: Ints, of_dimension: Ints, periods: int) -> dict[str, Ints]:
    """One column for each kind of volume that occurs; energy always."""
    filled: dict[str, Ints] = {}
    present = np.bincount(codes, minlength=len(CODES))
    for name, column in COLUMNS.items():
        if column is None or not (present[CODES[name]] or name == "ENERGY"):
            continue
        mine = codes == CODES[name]
        if column in _READINGS:
            values = np.full(periods, ABSENT)
            values[of_dimension[mine]] = micros[mine]
        else:
            values = np.zeros(periods, dtype=np.int64)
            np.add.at(values, of_dimension[mine], micros[mine])
        filled[column] = values
    return filled


def _has_expired(cdr: Cdr) -> bool:
    """Nothing in a CDR says that a reservation expired: it is read from nothing else having happened."""
    codes = {dimension.code for period in cdr.charging_periods for dimension in period.dimensions}
    return codes == {CODES["RESERVATION_TIME"]} and not cdr.session_id


def _problems(
    cdrs: Sequence[Cdr], at: Ints, offsets: Ints, volumes: Any, of_dimension: Ints
) -> dict[int, BillingError]:
    """The errors of CDRs with a volume or an instant that cannot be read; usually none, and then quickly."""
    problems: dict[int, BillingError] = {}
    bad_volume = np.flatnonzero(~((volumes >= 0) & (volumes <= LARGEST)))
    if len(bad_volume):
        owner = np.repeat(np.arange(len(cdrs)), np.diff(offsets))[of_dimension]
        problems = {index: _volume_error(cdrs[index]) for index in np.unique(owner[bad_volume]).tolist()}
    if (at == instants.UNREADABLE).any():
        found = ((index, _instant_error(cdr)) for index, cdr in enumerate(cdrs))
        problems |= {index: error for index, error in found if error is not None}
    return problems


def _volume_error(cdr: Cdr) -> BillingError:
    """What is wrong with the volumes of a CDR that is known to have a bad one."""
    path, volume = next(
        (f"charging_periods[{number}].dimensions[{index}].volume", dimension.volume)
        for number, period in enumerate(cdr.charging_periods)
        for index, dimension in enumerate(period.dimensions)
        if not 0 <= dimension.volume <= LARGEST
    )
    if volume < 0:
        return bad(path, volume, Wanted.AT_LEAST_0, NegativeQuantity)
    return bad(path, volume, Wanted.AT_MOST_A_MILLION, TooLarge)


def _instant_error(cdr: Cdr) -> BillingError | None:
    """What is wrong with the instants of a CDR, if anything."""
    named = [("start_date_time", cdr.start_date_time), ("end_date_time", cdr.end_date_time or cdr.stop_date_time)]
    named += [
        (f"charging_periods[{number}].start_date_time", period.start_date_time)
        for number, period in enumerate(cdr.charging_periods)
    ]
    for field, text in named:
        try:
            instant(text, field, SessionError)
        except SessionError as problem:
            return problem
    return None


def _impossible(cdrs: Sequence[Cdr], counted_kwh: Any, at: Ints) -> dict[int, BillingError]:
    """The errors of CDRs whose periods hold more energy than any charger gives in their time (`charging.domain`)."""
    count = len(cdrs)
    duration_s = np.maximum(at[count : 2 * count] - at[:count], 0)
    most_kwh = np.minimum(_LIMITS.most_wh(_LIMITS.largest_w, duration_s), _LIMITS.largest_wh) / 1000
    return {
        index: bad(
            "charging_periods", round(float(counted_kwh[index]), 3), Wanted.AT_MOST, ImpossibleEnergy,
            most=f"{most_kwh[index]:.0f} kWh",
        )
        for index in np.flatnonzero(counted_kwh > most_kwh).tolist()
    }  # fmt: skip


def _check_energy(cdrs: Sequence[Cdr], sessions: Sessions, offsets: Ints, energy: Ints) -> Any:
    """Flag CDRs whose total is not the sum of their periods, and those whose periods have none of it.

    Returns what the periods of each hold, in kWh.
    """
    total = np.array([-1.0 if cdr.total_energy is None else cdr.total_energy for cdr in cdrs])
    given = total >= 0
    counted = np.bincount(np.repeat(np.arange(len(cdrs)), np.diff(offsets)), weights=energy, minlength=len(cdrs))
    differs = given & (np.abs(counted / MICRO - total) > _ENERGY_TOLERANCE)
    sessions.flags[differs] |= Flag.ENERGY_DIFFERS
    sessions.flags[differs & (counted == 0)] |= Flag.ENERGY_MISSING
    return counted / MICRO
