"""The least and greatest price of a whole session.

`min_price` and `max_price` bound the total excluding VAT and the total including VAT independently: 4.90/5.88 with a
minimum of 5.00/5.50 is 5.00/5.88 (OCPI 2.2.1, mod_tariffs). A bound that says nothing about VAT keeps the session's own
mix of rates: the total including VAT is scaled with the total excluding it, and rounded half up to the kernel's unit; a
session without any amount has no mix, so its bound carries no VAT. The sub-totals stay as they are; the difference is
a line of its own. With several tariffs in a session the one at its start sets the bounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from billing.domain import money
from billing.domain.arrays import Exact, Ints
from billing.domain.kernel.plan import Plan
from billing.domain.sessions.columns import Flag
from billing.domain.tariff.model import Price


@dataclass(frozen=True, slots=True)
class _Limit:
    """A bound in kernel units; `incl` None is scaled."""

    excl: int
    incl: int | None


def _limit(plan: Plan, price: Price) -> _Limit:
    unit = plan.unit
    excl = int(Fraction(price.excl_vat) * unit)
    incl = None if price.incl_vat is None else int(Fraction(price.incl_vat) * unit * plan.vat_unit)
    return _Limit(excl, incl)


def apply(plan: Plan, tariff: Ints, excl: Exact, incl: Exact, flags: Ints) -> tuple[Exact, Exact]:
    """Totals within the bounds of each session's tariff, excluding and including VAT."""
    if not plan.bounded:
        return excl, incl
    for index, terms in enumerate(plan.tariffs):
        for price, flag in ((terms.min_price, Flag.MINIMUM), (terms.max_price, Flag.MAXIMUM)):
            if price is not None:
                inside = np.flatnonzero(tariff == index)
                excl, incl = _bound(plan, _limit(plan, price), flag, inside, excl, incl, flags)
    return excl, incl


def _bound(
    plan: Plan, limit: _Limit, flag: Flag, inside: Ints, excl: Exact, incl: Exact, flags: Ints
) -> tuple[Exact, Exact]:
    is_least = flag is Flag.MINIMUM
    outside_excl = inside[excl[inside] < limit.excl if is_least else excl[inside] > limit.excl]
    if limit.incl is None:
        bounded_incl, outside_incl = _scaled(plan, limit.excl, excl, incl, outside_excl), outside_excl
    else:
        outside_incl = inside[incl[inside] < limit.incl if is_least else incl[inside] > limit.incl]
        bounded_incl = np.full(len(outside_incl), limit.incl, dtype=incl.dtype)
    excl, incl = excl.copy(), incl.copy()
    excl[outside_excl] = limit.excl
    incl[outside_incl] = bounded_incl
    flags[outside_excl] |= flag
    flags[outside_incl] |= flag
    return excl, incl


def _scaled(plan: Plan, limit: int, excl: Exact, incl: Exact, rows: Ints) -> Exact:
    """Totals including VAT for sessions raised or lowered to `limit`, keeping each one's mix of rates."""
    before, with_vat = excl[rows].astype(object), incl[rows].astype(object)
    nothing = before == 0
    scaled = money.divide_half_up(with_vat * limit * np.sign(before), np.where(nothing, 1, np.abs(before)))
    return np.where(nothing, limit * plan.vat_unit, scaled).astype(incl.dtype)
