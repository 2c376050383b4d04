"""Sums: what each session owes by lane and in all, excluding and including VAT.

Excluding VAT the unit is `Plan.unit` of the currency; including VAT it is finer by the VAT factor's unit, so that a
rate with decimals (25.5 %) stays exact too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from billing.domain.arrays import Bools, Exact, Ints
from billing.domain.kernel.choices import Components
from billing.domain.kernel.plan import Lane, Plan
from billing.domain.kernel.slices import Rows

_WIDTH: Final = 2**62


@dataclass(frozen=True, slots=True, eq=False)
class Totals:
    """Per session. A lane that no component prices in the batch is missing."""

    excl: Exact
    incl: Exact
    by_lane: dict[Lane, tuple[Exact, Exact]]
    priced: dict[Lane, Bools]

    def mark(self, lane: Lane, session: Ints) -> None:
        """Note that this lane was priced for these sessions, be it at nothing."""
        if len(session) == 0:
            return
        if lane not in self.by_lane:
            self.by_lane[lane] = (np.zeros_like(self.excl), np.zeros_like(self.excl))
            self.priced[lane] = np.zeros(len(self.excl), dtype=np.bool_)
        self.priced[lane][session] = True


def width(plan: Plan, parts: Sequence[Rows], most: int) -> type:
    """`int64` if no sum of this batch can leave it, otherwise Python's integers.

    The bound is generous: the greatest quantity and price of each lane and the greatest number of rows of a session
    (`most`), all at once, with VAT. One of each price is in it whether it is used or not, so the prices fit, too.
    """
    greatest = _greatest_bound(plan) + sum(plan.greatest.values())
    for rows in parts:
        greatest += int(rows.quantity.max()) * most * plan.greatest[rows.lane]
    return np.int64 if greatest * max(plan.vat_factor) < _WIDTH else object


def _greatest_bound(plan: Plan) -> int:
    prices = [one for terms in plan.tariffs for one in (terms.min_price, terms.max_price) if one]
    return max((int(max(one.excl_vat, one.incl_vat or 0)) + 1 for one in prices), default=0) * plan.unit


def of_rows(plan: Plan, parts: Sequence[Rows], sessions: int, dtype: type) -> Totals:
    """Sum the rows of a batch of this many sessions."""
    weight = plan.weights(dtype)
    gross = weight * plan.factors(dtype)
    by_lane: dict[Lane, tuple[Exact, Exact]] = {}
    priced = {}
    for rows in parts:
        if rows.lane not in by_lane:
            by_lane[rows.lane] = (np.zeros(sessions, dtype=dtype), np.zeros(sessions, dtype=dtype))
            priced[rows.lane] = np.zeros(sessions, dtype=np.bool_)
        excl, incl = by_lane[rows.lane]
        session = rows.sessions
        excl[session] += rows.sums(rows.quantity * weight[rows.component])
        incl[session] += rows.sums(rows.quantity * gross[rows.component])
        priced[rows.lane][session] = True
    total_excl: Exact = np.zeros(sessions, dtype=dtype)
    total_incl: Exact = np.zeros(sessions, dtype=dtype)
    for excl, incl in by_lane.values():
        total_excl += excl
        total_incl += incl
    return Totals(total_excl, total_incl, by_lane, priced)


def amounts(plan: Plan, component: Components, quantity: Ints, dtype: type) -> Exact:
    """The exact amount of each row in units."""
    result: Exact = quantity * plan.weights(dtype)[component]
    return result
