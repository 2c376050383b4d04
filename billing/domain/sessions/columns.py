"""Sessions as columns: what the kernel reads.

A batch of sessions is a handful of arrays. Values that belong to a session (start, end) have one entry a session;
values of which a session has several (charging periods, readings) are laid end to end, and `offsets` says where each
session's begin: those of session `i` are `[offsets[i]:offsets[i + 1]]`. A single session is a batch of one.

Units: instants in whole seconds since 1970 UTC; energy in **milliwatt-hours** (a millionth of a kWh, finer than OCPI's
four decimals), power in millionths of a kW, current in millionths of an ampere. Durations that are priced are in
**ticks** of 0.4 ms, of which both a second (2,500) and a millionth of an hour (9) are whole numbers. All `int64`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum, IntFlag
from typing import Final

import numpy as np

from billing.domain.arrays import Bools, Ints

#: A kWh in mWh, a kW and an ampere in the kernel's units.
MICRO: Final = 10**6
MWH_PER_WH: Final = 1000
HOUR: Final = 3600
#: Ticks in a second, and in a millionth of an hour.
TICKS: Final = 2500
TICKS_PER_MICROHOUR: Final = 9
#: No reading was taken.
ABSENT: Final = -1
#: No tariff is relevant for this period.
NO_TARIFF: Final = -1
#: A session of more than 100 MWh or 366 days is an error of some machine. The product of the two fits in an int64.
MAX_ENERGY: Final = 10**11
MAX_DURATION: Final = 366 * 86400


class Fault(IntEnum):
    """Why a session was not priced; 0 is none. `explained.problems` turns it into a typed error."""

    NONE = 0
    UNMETERED = 1
    NEGATIVE = 2
    ENDS_BEFORE_START = 3
    OUTSIDE_SESSION = 4
    TOO_LARGE = 5
    UNKNOWN_ZONE = 6
    TARIFF_NOT_VALID = 7
    UNKNOWN_TARIFF = 8
    MIXED_CURRENCIES = 9


class Flag(IntFlag):
    """What a person should know about a price that was computed all the same."""

    NONE = 0
    #: Energy was spread evenly over time because there was no reading in between.
    INTERPOLATED = 1
    #: Periods or readings did not come in order of time and were sorted.
    SORTED = 2
    #: An element asks for power or current and there is no reading of it: the element did not match.
    NO_POWER_READING = 4
    NO_CURRENT_READING = 8
    #: A received period crosses a change of price; it was billed whole at the price valid at its start.
    SPANS_CHANGE = 16
    #: A period names no tariff although others do; it was not priced.
    PERIOD_WITHOUT_TARIFF = 32
    #: A received duration does not fit the instants of its period; the received one was billed.
    TIME_DIFFERS = 64
    #: The readings and the session's total energy disagree.
    ENERGY_DIFFERS = 128
    #: Some energy was named by no matching element and is therefore free.
    UNPRICED_ENERGY = 256
    #: The least or the greatest price of the tariff was applied.
    MINIMUM = 512
    MAXIMUM = 1024
    #: No period names a tariff; the only or first valid one was taken.
    TARIFF_ASSUMED = 2048
    #: A time step was begun by no more than 0.36 s, the precision of an hour with four decimals.
    STEP_BY_ROUNDING = 8192
    #: The total says that energy was used, the periods hold none of it. Where energy has a price this is a fault.
    ENERGY_MISSING = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Periods:
    """Charging periods as another system split them, sorted by start within each session.

    A period lasts until the next one starts, the last until the session ends. `charging`, `parking` and
    `reserved` are the ticks it says it holds of TIME, PARKING_TIME and RESERVATION_TIME.
    """

    offsets: Ints
    start: Ints
    energy: Ints
    charging: Ints
    parking: Ints
    reserved: Ints | None = None
    min_power: Ints | None = None
    max_power: Ints | None = None
    min_current: Ints | None = None
    max_current: Ints | None = None
    tariff: Ints | None = None

    def part(self, offsets: Ints) -> Periods:
        """The entries of the sessions that have these offsets."""
        here = slice(int(offsets[0]), int(offsets[-1]))
        return Periods(
            offsets=offsets - offsets[0],
            start=self.start[here],
            energy=self.energy[here],
            charging=self.charging[here],
            parking=self.parking[here],
            reserved=_cut(self.reserved, here),
            min_power=_cut(self.min_power, here),
            max_power=_cut(self.max_power, here),
            min_current=_cut(self.min_current, here),
            max_current=_cut(self.max_current, here),
            tariff=_cut(self.tariff, here),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """Our own meter: energy counted since the session began, at some instants, not falling within a session.

    The first reading of each session stands at its start and is 0. Between two readings energy flows evenly.
    """

    offsets: Ints
    at: Ints
    energy: Ints

    def part(self, offsets: Ints) -> Readings:
        """The entries of the sessions that have these offsets."""
        here = slice(int(offsets[0]), int(offsets[-1]))
        return Readings(offsets - offsets[0], self.at[here], self.energy[here])


@dataclass(frozen=True, slots=True, eq=False)
class Sessions:
    """A batch of sessions. Make one with `metering.from_slots`, `.from_totals` or `periods.from_periods`.

    `charging_end` is when the vehicle stopped asking for power; what follows is parking. `zone` is an index into
    `zones`. `tariff` is an index into the tariffs given to `rate`, for sessions measured by our own meter (received
    periods carry their own). `turns` are the instants, in order, from which the rest of a session is priced by the next
    of as many further rows of tariffs (`kernel.turns`). `expired` marks a reservation that was not used. `fault` and
    `flags` are what was seen on the way in (`Fault`, `Flag`).
    """

    start: Ints
    end: Ints
    charging_end: Ints
    zones: tuple[str, ...]
    zone: Ints | None
    measured: Periods | Readings
    fault: Ints
    flags: Ints
    tariff: Ints | None = None
    expired: Bools | None = None
    meter_start: Ints | None = None
    turns: Ints | None = None

    def __len__(self) -> int:
        return len(self.start)

    def part(self, first: int, last: int) -> Sessions:
        """The sessions from `first` to before `last`, looking at the same memory."""
        here = slice(first, last)
        return replace(
            self,
            start=self.start[here],
            end=self.end[here],
            charging_end=self.charging_end[here],
            zone=_cut(self.zone, here),
            measured=self.measured.part(self.measured.offsets[first : last + 1]),
            tariff=_cut(self.tariff, here),
            expired=None if self.expired is None else self.expired[here],
            meter_start=_cut(self.meter_start, here),
            fault=self.fault[here],
            flags=self.flags[here],
        )


def _cut(column: Ints | None, here: slice) -> Ints | None:
    return None if column is None else column[here]


def zone_column(zone: str | Sequence[str]) -> tuple[tuple[str, ...], Ints | None]:
    """One zone for the whole batch, or one a session: (distinct names, index of each session's or None)."""
    if isinstance(zone, str):
        return (zone,), None
    names = tuple(dict.fromkeys(zone))
    if len(names) == 1:
        return names, None
    index = {name: position for position, name in enumerate(names)}
    return names, np.fromiter((index[name] for name in zone), dtype=np.int64, count=len(zone))
