"""Slices: stretches of one session at one price, as columns.

Neighbouring pieces that the same component prices become one slice; amounts are linear in quantity, so nothing is lost.
Besides what was measured a slice may be a step: the surplus that `steps` adds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final, Self

import numpy as np

from billing.domain.columns import Bools, Exact, Ints
from billing.domain.pieces import Pieces
from billing.domain.plan import Lane, Plan

#: Columns of the finished table that need no 64 bits; a batch has fewer than 2**31 sessions and 2**15 components.
NARROW: Final = {"session": np.int32, "component": np.int16, "is_step": np.bool_}


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Slices of one lane before they are put in order. `place` is the piece they end in (for sorting)."""

    place: Ints
    session: Ints
    start: Ints
    end: Ints
    meter_from: Ints
    meter_to: Ints
    quantity: Ints
    component: Ints
    is_step: Bools

    def __len__(self) -> int:
        return len(self.session)

    def lane(self, plan: Plan) -> Lane:
        """The lane of these rows; there is at least one."""
        return Lane(int(plan.lane[self.component[0]]))

    def step_at(self, rows: Ints, quantity: Ints) -> Self:
        """A step row after each of these rows: no time, no metered energy, only quantity."""
        return type(self)(
            place=self.place[rows],
            session=self.session[rows],
            start=self.end[rows],
            end=self.end[rows],
            meter_from=self.meter_to[rows],
            meter_to=self.meter_to[rows],
            quantity=quantity,
            component=self.component[rows],
            is_step=np.ones(len(rows), dtype=np.bool_),
        )


def session_runs(session: Ints) -> Ints:
    """Where each session's entries begin in a column sorted by session. The column is not empty."""
    return np.flatnonzero(np.concatenate(([True], session[1:] != session[:-1])))


def of_pieces(pieces: Pieces, wanted: Ints, component: Ints, quantity: Ints) -> Rows:
    """Slices of one lane from the pieces it prices, neighbours of equal price merged."""
    session = pieces.session[wanted]
    new = np.ones(len(wanted), dtype=np.bool_)
    new[1:] = (session[1:] != session[:-1]) | (component[1:] != component[:-1]) | (wanted[1:] != wanted[:-1] + 1)
    first = np.flatnonzero(new)
    last = wanted[np.append(first[1:], len(wanted))[: len(first)] - 1]
    begin = wanted[first]
    return Rows(
        place=begin,
        session=session[first],
        start=pieces.start[begin],
        end=pieces.end[last],
        meter_from=pieces.meter[begin],
        meter_to=pieces.meter[last] + pieces.energy[last],
        quantity=np.add.reduceat(quantity, first) if len(first) else quantity,
        component=component[first],
        is_step=np.zeros(len(first), dtype=np.bool_),
    )


def fees(pieces: Pieces, wanted: Ints, component: Ints) -> Rows:
    """A fee for each of these pieces: it is due at one instant and measures nothing."""
    at, meter = pieces.start[wanted], pieces.meter[wanted]
    return Rows(
        place=wanted,
        session=pieces.session[wanted],
        start=at,
        end=at,
        meter_from=meter,
        meter_to=meter,
        quantity=np.ones(len(wanted), dtype=np.int64),
        component=component,
        is_step=np.zeros(len(wanted), dtype=np.bool_),
    )


def joined(parts: Sequence[Rows], order: Ints) -> Rows:
    """All rows in one table, in this order."""
    columns: dict[str, Exact] = {}
    for one in fields(Rows):
        kind = NARROW.get(one.name, np.int64)
        listed = [getattr(part, one.name) for part in parts]
        columns[one.name] = np.concatenate(listed, dtype=kind, casting="unsafe")[order]
    return Rows(**columns)
