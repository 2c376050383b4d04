"""The lines that rated sessions become on an invoice, for one session and for a million alike.

One line for each session, dimension, unit price and VAT rate, what a step added included, plus one a VAT rate for a
least or greatest price: what that adds or takes off is shared out to the rates as the session's other lines are, by
their running sum, so that each keeps its part. A line is rounded half up to the smallest coin once, from its
exact amount: excluding VAT as its price does, or including it (`gross`) where the price includes it. Of prices that
include VAT the lines of a limit are what the others lack of it, so that nobody pays an öre above it.

What lines come to on a document (VAT, sums) is the arithmetic of `billing.sql.invoices`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from billing.domain import money
from billing.domain.arrays import Bools, Exact, Ints
from billing.domain.errors import Code, InvoiceError
from billing.domain.kernel.plan import Plan
from billing.domain.kernel.rated import Rated


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Invoice lines as columns, sorted by session.

    `component` indexes `plan.components`: the price of the line; `limit` marks a line of a least or greatest price,
    whose component only gives the VAT rate. `quantity` is in mWh, ticks or fees; `amount` in the smallest coin, with
    VAT where `gross`.
    """

    plan: Plan
    session: Ints
    component: Ints
    limit: Bools
    quantity: Ints
    amount: Ints
    gross: Bools

    def __len__(self) -> int:
        return len(self.session)


def price_lines(rated: Rated) -> Lines:
    """The invoice lines of a rated batch. Sessions without a price have none."""
    plan = rated.plan
    currencies = {terms.currency for terms in plan.tariffs}
    if len(currencies) != 1:
        listed = ", ".join(sorted(currencies))
        raise InvoiceError(Code.ONE_CURRENCY, field="currency", value=listed)
    per_minor = plan.unit // 10 ** money.minor_digits(currencies.pop())
    kinds = _kinds(plan)
    first, order = _groups(rated.owner.astype(np.int64) * len(kinds) + kinds[rated.component])
    owner, component = rated.owner[order][first], kinds[rated.component[order][first]]
    quantity = _added(rated.quantity[order], first)
    dtype = rated.excl.dtype.type
    excl = quantity * plan.weights(dtype)[component]
    gross = np.array([plan.tariffs[one.tariff].tax_included for one in plan.components], dtype=np.bool_)
    amount = money.divide_half_up(excl, per_minor)
    if gross[component].any():
        with_vat = money.divide_half_up(excl * plan.factors(dtype)[component], per_minor * plan.vat_unit)
        amount = np.where(gross[component], with_vat, amount)
    limits = _limits(rated, _Own(owner, component, excl, amount), gross, per_minor)
    limit = np.repeat([False, True], [len(owner), len(limits[0])])
    owner, component, amount = (
        np.concatenate(columns) for columns in zip((owner, component, amount), limits, strict=True)
    )
    quantity = np.concatenate([quantity, np.ones(len(limits[0]), dtype=np.int64)])
    in_order = np.argsort(owner, kind="stable")
    return Lines(
        plan=plan,
        session=owner[in_order],
        component=component[in_order],
        limit=limit[in_order],
        quantity=quantity[in_order],
        amount=amount[in_order].astype(np.int64),
        gross=gross[component][in_order],
    )


def _kinds(plan: Plan) -> Ints:
    """For every component the first one of the same dimension, unit price and VAT rate: they share a line."""
    seen: dict[object, int] = {}
    return np.array(
        [
            seen.setdefault((one.lane, one.price.price, one.price.vat, plan.tariffs[one.tariff].tax_included), index)
            for index, one in enumerate(plan.components)
        ],
        dtype=np.int64,
    )


def _groups(key: Ints) -> tuple[Ints, Ints]:
    """Where each group of equal keys begins in the order that sorts them, and that order."""
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    new = np.ones(len(key), dtype=np.bool_)
    new[1:] = ordered[1:] != ordered[:-1]
    return np.flatnonzero(new), order


def _added(values: Exact, first: Ints) -> Exact:
    return np.add.reduceat(values, first) if len(first) else values


@dataclass(frozen=True, slots=True, eq=False)
class _Own:
    """The lines of sessions without those of limits, sorted by session: price, exact net amount, rounded amount."""

    owner: Ints
    component: Ints
    excl: Exact
    amount: Exact

    def of(self, sessions: Ints) -> _Own:
        """Those of some sessions."""
        mine = np.flatnonzero(np.isin(self.owner, sessions))
        return _Own(self.owner[mine], self.component[mine], self.excl[mine], self.amount[mine])


def _limits(rated: Rated, own: _Own, gross: Bools, per_minor: int) -> tuple[Ints, Ints, Exact]:
    """Session, component and amount of the lines of least and greatest prices. gross: of every component."""
    limited = np.flatnonzero((rated.limit_excl != 0) | (rated.limit_incl != 0))
    if len(limited) == 0:
        return limited, limited, np.zeros(0, dtype=own.amount.dtype)
    own = own.of(limited)
    main, place = _main(rated, own, limited), np.searchsorted(limited, own.owner)
    sums: Exact = np.zeros(len(limited), dtype=object)
    np.add.at(sums, place, own.amount)
    with_vat = money.divide_half_up(rated.incl[limited], per_minor * rated.vat_unit) - sums
    whole = np.where(gross[main], with_vat, money.divide_half_up(rated.limit_excl[limited], per_minor))
    firsts, rate = _rates(rated.plan)
    weights: Exact = np.zeros((len(limited), len(firsts)), dtype=object)
    alike = np.flatnonzero(gross[own.component] == gross[main][place])
    weight = np.where(gross[own.component], own.amount, own.excl)[alike]
    np.add.at(weights, (place[alike], rate[own.component[alike]]), weight)
    nothing = np.flatnonzero(weights.sum(axis=1) == 0)
    weights[nothing, rate[main[nothing]]] = 1
    upto = weights.cumsum(axis=1)
    shares = np.diff(money.divide_half_up(whole[:, None] * upto, upto[:, -1:]), axis=1, prepend=0)
    session, which = np.nonzero(shares)
    return limited[session], firsts[which], shares[session, which]


def _rates(plan: Plan) -> tuple[Ints, Ints]:
    """The first component of each VAT rate, with VAT in the price or without, and for every component which of them."""
    known: dict[object, int] = {}
    rate = [
        known.setdefault((one.price.vat, plan.tariffs[one.tariff].tax_included), len(known)) for one in plan.components
    ]
    return np.array([rate.index(number) for number in known.values()], dtype=np.int64), np.array(rate, dtype=np.int64)


def _main(rated: Rated, own: _Own, limited: Ints) -> Ints:
    """The component of each of these sessions' first largest line; without any line, the first in its tariff."""
    begins: dict[int, int] = {}
    for index, one in enumerate(rated.plan.components):
        begins.setdefault(one.tariff, index)
    first = np.array([begins.get(tariff, 0) for tariff in rated.tariff[limited].tolist()], dtype=np.int64)
    if len(own.owner) == 0:
        return first
    order = np.lexsort((-np.arange(len(own.owner)), np.abs(own.excl).astype(np.float64), own.owner))
    last = np.searchsorted(own.owner[order], limited, side="right") - 1
    found = order[np.maximum(last, 0)]
    return np.where(own.owner[found] == limited, own.component[found], first)
