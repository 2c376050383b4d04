"""The lines that rated sessions become on an invoice, for one session and for a million alike.

One line for each session, dimension, unit price and VAT rate, what a step added included, plus one for a least or
greatest price, which takes the VAT rate of the session's largest line. A line is rounded half up to the smallest coin
once, from its exact amount: excluding VAT as its price does, or including it (`gross`) where the price includes it. Of
prices that include VAT the line of a limit is what the others lack of it, so that nobody pays an öre above it.

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

    `component` indexes `plan.components`: the price of the line; `limit` marks the line of a least or greatest price,
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
    limited = np.flatnonzero((rated.limit_excl != 0) | (rated.limit_incl != 0))
    owner, component = (
        np.concatenate([owner, limited]),
        np.concatenate([component, _main(owner, component, excl, limited)]),
    )
    amount = money.divide_half_up(np.concatenate([excl, rated.limit_excl[limited]]), per_minor)
    gross = np.array([plan.tariffs[one.tariff].tax_included for one in plan.components], dtype=np.bool_)[component]
    if gross.any():
        amount = np.where(gross, _with_vat(rated, owner, component, excl, limited, per_minor * plan.vat_unit), amount)
    quantity = np.concatenate([quantity, np.ones(len(limited), dtype=np.int64)])
    limit = np.arange(len(owner)) >= len(owner) - len(limited)
    in_order = np.argsort(owner, kind="stable")
    return Lines(
        plan=plan,
        session=owner[in_order],
        component=component[in_order],
        limit=limit[in_order],
        quantity=quantity[in_order],
        amount=amount[in_order].astype(np.int64),
        gross=gross[in_order],
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


def _with_vat(rated: Rated, owner: Ints, component: Ints, excl: Exact, limited: Ints, coin: int) -> Exact:
    """The amounts of lines whose prices include VAT; that of a limit leaves the session exactly at it."""
    own = money.divide_half_up(excl * rated.plan.factors(excl.dtype.type)[component[: len(excl)]], coin)
    sums: Exact = np.zeros(len(rated), dtype=own.dtype)
    np.add.at(sums, owner[: len(own)], own)
    return np.concatenate([own, money.divide_half_up(rated.incl[limited], coin) - sums[limited]])


def _main(owner: Ints, component: Ints, excl: Exact, limited: Ints) -> Ints:
    """The component of the largest line of each limited session; the first in the tariff if it has no line."""
    order = np.lexsort((np.abs(excl).astype(np.float64), owner))
    last = np.searchsorted(owner[order], limited, side="right") - 1
    if len(order) == 0:
        return np.zeros(len(limited), dtype=np.int64)
    found = order[np.maximum(last, 0)]
    return np.where(owner[found] == limited, component[found], 0)
