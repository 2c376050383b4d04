"""The answer to a batch as it grows, block by block.

Columns of the whole batch are made once and every block writes into its part of them. Columns joined from those of the
blocks would be written twice, and fetching the memory for that costs more than pricing does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from billing.domain.arrays import Bools, Exact, Ints, offsets_of
from billing.domain.kernel import slices
from billing.domain.kernel.pieces import Pieces
from billing.domain.kernel.plan import Lane, Plan
from billing.domain.kernel.rated import Rated
from billing.domain.kernel.slices import COLUMNS, Rows, Table
from billing.domain.kernel.totals import Totals, width
from billing.domain.sessions.columns import Sessions

#: How many more slices than expected there is room for.
_ROOM: Final = 1.05


@dataclass(frozen=True, slots=True, eq=False)
class Priced:
    """What a block of sound sessions costs. `base` is what their meters showed at the start, None if not known."""

    pieces: Pieces
    parts: Sequence[Rows]
    summed: Totals
    excl: Exact
    incl: Exact
    flags: Ints
    base: Ints | None


class Answer:
    """The columns of `Rated`, being filled."""

    def __init__(self, plan: Plan, sessions: Sessions) -> None:
        size = len(sessions)
        self._plan, self._sessions = plan, sessions
        self._dtype = width(plan, (), 0)
        self._tariff, self._fault, self._flags, self._lengths = (np.zeros(size, dtype=np.int64) for _ in range(4))
        self._amounts = {name: self._zeros() for name in ("excl", "incl", "limit_excl", "limit_incl")}
        self._by_lane: dict[Lane, tuple[Exact, Exact]] = {}
        self._priced: dict[Lane, Bools] = {}
        self._table: Table = {name: np.empty(0, dtype=kind) for name, kind in COLUMNS.items()}
        self._used = 0

    def refuse(self, begin: int, fault: Ints) -> None:
        """Some of the sessions from `begin` on have a fault."""
        self._fault[begin : begin + len(fault)] = fault

    def take(self, where: slice | Ints, terms: Ints, priced: Priced) -> None:
        """The sessions at these indices of the batch are priced."""
        self._widen(priced.excl.dtype.type)
        self._tariff[where], self._flags[where] = terms, priced.flags
        self._amounts["excl"][where], self._amounts["incl"][where] = priced.excl, priced.incl
        if self._plan.bounded:
            self._amounts["limit_excl"][where] = priced.excl - priced.summed.excl
            self._amounts["limit_incl"][where] = priced.incl - priced.summed.incl
        self._take_lanes(where, priced.summed)
        self._take_slices(where, priced)

    def _zeros(self) -> Exact:
        return np.zeros(len(self._sessions), dtype=self._dtype)

    def _widen(self, dtype: type) -> None:
        """If the amounts of one block need Python's integers, those of all have them."""
        if dtype is self._dtype or self._dtype is object:
            return
        self._dtype = object
        self._amounts = {name: column.astype(object) for name, column in self._amounts.items()}
        self._by_lane = {lane: (one.astype(object), two.astype(object)) for lane, (one, two) in self._by_lane.items()}

    def _take_lanes(self, where: slice | Ints, summed: Totals) -> None:
        for lane, (excl, incl) in summed.by_lane.items():
            if lane not in self._by_lane:
                self._by_lane[lane] = (self._zeros(), self._zeros())
                self._priced[lane] = np.zeros(len(self._sessions), dtype=np.bool_)
            self._by_lane[lane][0][where], self._by_lane[lane][1][where] = excl, incl
            self._priced[lane][where] = summed.priced[lane]

    def _take_slices(self, where: slice | Ints, priced: Priced) -> None:
        parts = sorted(priced.parts, key=lambda rows: (rows.is_step, rows.lane))
        found, offsets = slices.positions(parts, priced.pieces)
        lengths = np.diff(offsets)
        self._lengths[where] = lengths
        owners: Ints = np.arange(where.start, where.stop) if isinstance(where, slice) else where
        table = self._room(int(offsets[-1]), int(owners[-1]) + 1)
        slices.write(parts, priced.pieces, found, table, priced.base)
        table["owner"][:] = np.repeat(owners, lengths)

    def _room(self, rows: int, done: int) -> Table:
        """A part of the table for that many rows, the last of them of session number `done` counted from 1."""
        begin, self._used = self._used, self._used + rows
        if self._used > len(self._table["owner"]):
            rest = len(self._sessions) - done
            self._grow(self._used + int(self._used / done * rest * _ROOM), begin)
        return {name: column[begin : self._used] for name, column in self._table.items()}

    def _grow(self, size: int, used: int) -> None:
        for name, column in self._table.items():
            larger = np.empty(size, dtype=column.dtype)
            larger[:used] = column[:used]
            self._table[name] = larger

    def rated(self) -> Rated:
        """The finished answer."""
        return Rated(
            plan=self._plan,
            sessions=self._sessions,
            tariff=self._tariff,
            fault=self._fault,
            flags=self._flags,
            by_lane=self._by_lane,
            priced=self._priced,
            offsets=offsets_of(self._lengths),
            **self._amounts,
            **{name: column[: self._used] for name, column in self._table.items()},
        )
