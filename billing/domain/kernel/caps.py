"""The least and greatest price of a whole session.

`min_price` and `max_price` bound the total excluding VAT and the total including VAT independently: 4.90/5.88 with a
minimum of 5.00/5.50 is 5.00/5.88 (OCPI 2.2.1, mod_tariffs). A bound that says nothing about VAT keeps the session's own
mix of rates: the total including VAT is scaled with the total excluding it, and rounded half up to the kernel's unit; a
session without any amount has no mix, so its bound carries no VAT. Where prices include VAT it is the other way round:
the bound including VAT counts, and the total excluding VAT is scaled with it. The sub-totals stay as they are; the
difference is a line of its own. With several tariffs in a session the one at its start sets the bounds.
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
                bound = _bound_gross if terms.tax_included and price.incl_vat is not None else _bound
                excl, incl = bound(plan, _limit(plan, price), flag, inside, excl, incl, flags)
    return excl, incl


def _bound(
    plan: Plan, limit: _Limit, flag: Flag, inside: Ints, excl: Exact, incl: Exact, flags: Ints
) -> tuple[Exact, Exact]:
    is_least = flag is Flag.MINIMUM
    outside_excl = inside[excl[inside] < limit.excl if is_least else excl[inside] > limit.excl]
    if limit.incl is None:
        otherwise = limit.excl * plan.vat_unit
        bounded_incl, outside_incl = _scaled(incl, excl, limit.excl, outside_excl, otherwise), outside_excl
    else:
        outside_incl = inside[incl[inside] < limit.incl if is_least else incl[inside] > limit.incl]
        bounded_incl = np.full(len(outside_incl), limit.incl, dtype=incl.dtype)
    excl, incl = excl.copy(), incl.copy()
    excl[outside_excl] = limit.excl
    incl[outside_incl] = bounded_incl
    flags[outside_excl] |= flag
    flags[outside_incl] |= flag
    return excl, incl


def _bound_gross(
    plan: Plan, limit: _Limit, flag: Flag, inside: Ints, excl: Exact, incl: Exact, flags: Ints
) -> tuple[Exact, Exact]:
    """The same where prices include VAT: the amount including it decides alone."""
    most = limit.incl or 0
    outside = inside[incl[inside] < most if flag is Flag.MINIMUM else incl[inside] > most]
    bounded = _scaled(excl, incl, most, outside, limit.excl)
    excl, incl = excl.copy(), incl.copy()
    excl[outside], incl[outside] = bounded, most
    flags[outside] |= flag
    return excl, incl


def _scaled(totals: Exact, by: Exact, limit: int, rows: Ints, otherwise: int) -> Exact:
    """These sessions' totals when those they go `by` are raised or lowered to `limit`: each keeps its mix of rates.

    `otherwise`: what a session without any amount comes to, as it has no mix.
    """
    before, scaling = by[rows].astype(object), totals[rows].astype(object)
    nothing = before == 0
    scaled = money.divide_half_up(scaling * limit * np.sign(before), np.where(nothing, 1, np.abs(before)))
    return np.where(nothing, otherwise, scaled).astype(totals.dtype)
