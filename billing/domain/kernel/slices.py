"""Slices: stretches of one session at one price, as columns.

Neighbouring pieces that the same component prices become one slice; amounts are linear in quantity, so nothing is lost.
Besides what was measured a slice may be a step: the surplus that `steps` adds.

While lanes are priced a slice only says at which **points** it begins and ends. A piece has two of them: `piece` is its
beginning and `piece + number of pieces` its end. Instants and meter values are looked up once, when all slices stand in
their final order, and every column is written straight to where it will stay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from billing.domain.arrays import Ints
from billing.domain.kernel.choices import Components
from billing.domain.kernel.pieces import Pieces
from billing.domain.kernel.plan import Lane

#: The columns of a finished table. A batch has fewer than 2**31 sessions and components.
COLUMNS: Final[Mapping[str, type]] = {
    "owner": np.int32,
    "start": np.int64,
    "end": np.int64,
    "meter_from": np.int64,
    "meter_to": np.int64,
    "quantity": np.int64,
    "component": np.int32,
    "is_step": np.bool_,
}
#: A finished table, or a part of one.
Table = dict[str, np.ndarray[Any, np.dtype[Any]]]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Slices of one lane, by session and time: what was measured, or steps. There is at least one.

    `piece` is the one a slice begins in, no two of these the same. `first` is where each session's slices begin, None
    if each has one.
    """

    lane: Lane
    piece: Ints
    session: Ints
    begin: Ints
    end: Ints
    quantity: Ints
    component: Components
    first: Ints | None = None
    is_step: bool = False

    def __len__(self) -> int:
        return len(self.session)

    def sums(self, values: Any) -> Any:
        """The sum over each session's slices."""
        return values if self.first is None else np.add.reduceat(values, self.first)

    @property
    def last(self) -> Ints:
        """The last slice of each session."""
        if self.first is None:
            return np.arange(len(self))
        return np.append(self.first[1:], len(self)) - 1

    @property
    def sessions(self) -> Ints:
        """The session of each sum."""
        return self.session if self.first is None else self.session[self.first]

    def steps_at(self, rows: Ints, quantity: Ints) -> Rows:
        """A step after each of these rows, of different sessions: no time, no metered energy, only quantity."""
        at = self.end[rows]
        return Rows(
            lane=self.lane,
            piece=self.piece[rows],
            session=self.session[rows],
            begin=at,
            end=at,
            quantity=quantity,
            component=self.component[rows],
            first=None,
            is_step=True,
        )


def session_runs(session: Ints) -> Ints:
    """Where each session's entries begin in a column sorted by session. The column is not empty."""
    new = np.empty(len(session), dtype=np.bool_)
    new[0] = True
    np.not_equal(session[1:], session[:-1], out=new[1:])
    return np.flatnonzero(new)


def of_pieces(lane: Lane, pieces: Pieces, wanted: Ints, component: Components, quantity: Ints) -> Rows:
    """Slices of one lane from the pieces it prices, neighbours of equal price merged. There is at least one piece."""
    session = pieces.session[wanted]
    new = np.empty(len(wanted), dtype=np.bool_)
    new[0] = True
    np.not_equal(session[1:], session[:-1], out=new[1:])
    new[1:] |= component[1:] != component[:-1]
    new[1:] |= wanted[1:] != wanted[:-1] + 1
    last = wanted
    if not new.all():
        first = np.flatnonzero(new)
        last = wanted[np.append(first[1:], len(wanted)) - 1]
        wanted, session, component = wanted[first], session[first], component[first]
        quantity = np.add.reduceat(quantity, first)
    runs = session_runs(session)
    end = last + len(pieces.session)
    return Rows(lane, wanted, session, wanted, end, quantity, component, None if len(runs) == len(session) else runs)


def fees(lane: Lane, pieces: Pieces, wanted: Ints, component: Components) -> Rows:
    """One fee a session, at the first of these pieces: it is due at one instant and measures nothing."""
    session = pieces.session[wanted]
    first = session_runs(session)
    piece = wanted[first]
    once = np.ones(len(first), dtype=np.int64)
    return Rows(lane, piece, session[first], piece, piece, once, component[first])


def positions(parts: Sequence[Rows], pieces: Pieces) -> tuple[list[Ints], Ints]:
    """Where each row of each part stands in the finished table, and where the rows of each session begin there.

    Within a piece what was measured comes before steps, and lanes have their order. No two rows of a part begin in the
    same piece, so counting gives the order and nothing needs to be sorted. The parts stand in that order.
    """
    begins = np.zeros(len(pieces.session) + 1, dtype=np.int64)
    following = begins[1:]
    for rows in parts:
        following[rows.piece] += 1
    np.cumsum(following, out=following)
    offsets = begins[pieces.offsets]
    found = []
    for rows in parts:
        here = begins[rows.piece]
        begins[rows.piece] = here + 1
        found.append(here)
    return found, offsets


def write(parts: Sequence[Rows], pieces: Pieces, found: Sequence[Ints], table: Table, base: Ints | None) -> None:
    """Write the rows to their positions in a table of the right length, except whose they are.

    `base` is what the meter of each session showed at its start, None if that is not known.
    """
    size = len(table["quantity"])
    begin, end = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int64)
    table["is_step"][:] = False
    for rows, here in zip(parts, found, strict=True):
        begin[here], end[here] = rows.begin, rows.end
        table["quantity"][here] = rows.quantity
        table["component"][here] = rows.component
        if rows.is_step:
            table["is_step"][here] = True
    at = np.concatenate((pieces.start, pieces.end))
    meter = pieces.meter if base is None else pieces.meter + base[pieces.session]
    meter = np.concatenate((meter, meter + pieces.energy))
    for name, values, points in (
        ("start", at, begin),
        ("end", at, end),
        ("meter_from", meter, begin),
        ("meter_to", meter, end),
    ):
        np.take(values, points, out=table[name], mode="clip")  # "raise" would write to a copy first
