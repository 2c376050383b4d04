"""Invoice arithmetic: lines, VAT per rate, totals that add up; for one invoice and for a million sessions alike.

**Lines** (`price_lines`): one for each session, dimension, unit price and VAT rate, what a step added included, plus
one for a least or greatest price. A line is rounded half up to the minor unit (öre) once, from its exact amount. The
adjustment line takes the VAT rate of the session's largest line.

**Sums** (`sum_up`), by document and VAT rate:

- *Net prices* (business customers): the base is the sum of the rounded net lines; VAT is computed once on it.
- *Gross prices* (consumers): what the customer pays is the sum of the rounded gross lines. The base is the net amount
  nearest to the gross sum of a rate, VAT is computed once on it, and net lines are shared out so that they add up to
  the base. At 25 % one gross total in five is no net plus rounded VAT; the missing öre is the rounding amount
  (EN 16931 BT-114), never a changed price.

Always: sum of net lines = sum of bases; net + VAT + rounding = payable. A credit note is the same with every sign
turned. All amounts in columns are whole minor units of the currency.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from billing.domain import money
from billing.domain.arrays import Bools, Exact, Ints
from billing.domain.errors import InvoiceError
from billing.domain.kernel.plan import Plan
from billing.domain.kernel.rated import Rated

#: The `rate` of a line to which no VAT applies.
NO_VAT: Final = -1


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Invoice lines as columns, sorted by session.

    `component` indexes `plan.components`: the price of the line; `limit` marks the line of a least or greatest price,
    whose component only gives the VAT rate. `quantity` is in mWh, seconds or fees. `rate` is the VAT percentage times
    `10**plan.vat_digits`, or `NO_VAT`. `net` and `gross` are minor units.
    """

    plan: Plan
    session: Ints
    component: Ints
    limit: Bools
    quantity: Ints
    rate: Ints
    net: Ints
    gross: Ints

    def __len__(self) -> int:
        return len(self.session)


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Totals of documents as columns, in minor units.

    Per document: `net`, `tax`, `rounding` (BT-114), `payable`. Per document and rate, sorted: `document`, `rate`,
    `base`, `rate_tax`. `line_net` is the net amount to print on each line.
    """

    net: Ints
    tax: Ints
    rounding: Ints
    payable: Ints
    document: Ints
    rate: Ints
    base: Ints
    rate_tax: Ints
    line_net: Ints


def price_lines(rated: Rated) -> Lines:
    """The invoice lines of a rated batch. Sessions without a price have none."""
    plan = rated.plan
    currencies = {terms.currency for terms in plan.tariffs}
    if len(currencies) != 1:
        listed = ", ".join(sorted(currencies))
        raise InvoiceError(f"One invoice has one currency, not {listed}.", field="currency", value=listed)
    per_minor = plan.unit // 10 ** money.minor_digits(currencies.pop())
    kinds = _kinds(plan)
    first, order = _groups(rated.owner.astype(np.int64) * len(kinds) + kinds[rated.component])
    owner, component = rated.owner[order][first], kinds[rated.component[order][first]]
    quantity = _added(rated.quantity[order], first)
    dtype = rated.excl.dtype.type
    excl = quantity * plan.weights(dtype)[component]
    incl = excl * plan.factors(dtype)[component]
    limited = np.flatnonzero((rated.limit_excl != 0) | (rated.limit_incl != 0))
    owner, component = (
        np.concatenate([owner, limited]),
        np.concatenate([component, _main(owner, component, excl, limited)]),
    )
    net = money.divide_half_up(np.concatenate([excl, rated.limit_excl[limited]]), per_minor)
    gross = money.divide_half_up(np.concatenate([incl, rated.limit_incl[limited]]), per_minor * plan.vat_unit)
    quantity = np.concatenate([quantity, np.ones(len(limited), dtype=np.int64)])
    limit = np.arange(len(owner)) >= len(owner) - len(limited)
    place = np.argsort(owner, kind="stable")
    return Lines(
        plan=plan,
        session=owner[place],
        component=component[place],
        limit=limit[place],
        quantity=quantity[place],
        rate=_rates(plan)[component[place]],
        net=net[place].astype(np.int64),
        gross=gross[place].astype(np.int64),
    )


def _kinds(plan: Plan) -> Ints:
    """For every component the first one of the same dimension, unit price and VAT rate: they share a line."""
    seen: dict[object, int] = {}
    return np.array(
        [
            seen.setdefault((one.lane, one.price.price, one.price.vat), place)
            for place, one in enumerate(plan.components)
        ],
        dtype=np.int64,
    )


def _rates(plan: Plan) -> Ints:
    return np.array(
        [
            NO_VAT if one.price.vat is None else money.to_units(one.price.vat, plan.vat_digits)
            for one in plan.components
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


def _main(owner: Ints, component: Ints, excl: Exact, limited: Ints) -> Ints:
    """The component of the largest line of each limited session; the first in the tariff if it has no line."""
    order = np.lexsort((np.abs(excl).astype(np.float64), owner))
    last = np.searchsorted(owner[order], limited, side="right") - 1
    if len(order) == 0:
        return np.zeros(len(limited), dtype=np.int64)
    found = order[np.maximum(last, 0)]
    return np.where(owner[found] == limited, component[found], 0)


def sum_up(lines: Lines, document: Ints, documents: int, *, gross_prices: bool) -> Sums:
    """Total `documents` documents; `document` is the one each line belongs to, from 0.

    With `gross_prices` customers pay the sum of gross lines, otherwise net lines plus VAT.
    """
    scale = 100 * 10**lines.plan.vat_digits
    first, order = _groups(document * (scale + 1) + lines.rate + 1)
    group_document, rate = document[order][first], lines.rate[order][first]
    factor = np.maximum(rate, 0)
    line_net = lines.net.copy()
    if gross_prices:
        paid = _added(lines.gross[order], first)
        base = money.divide_half_up(paid * scale, scale + factor)
        line_net[order] = _shared(lines.gross[order], first, base, paid)
    else:
        base = _added(lines.net[order], first)
    rate_tax = money.divide_half_up(base * factor, scale)
    net, tax = (
        _by_document(group_document, base, documents),
        _by_document(group_document, rate_tax, documents),
    )
    payable = _by_document(document[order], lines.gross[order], documents) if gross_prices else net + tax
    return Sums(net, tax, payable - net - tax, payable, group_document, rate, base, rate_tax, line_net)


def _by_document(document: Ints, values: Ints, documents: int) -> Ints:
    result = np.zeros(documents, dtype=np.int64)
    np.add.at(result, document, values)
    return result


def _shared(gross: Ints, first: Ints, base: Ints, paid: Ints) -> Ints:
    """Net lines of each group that add up to its base: differences of the rounded running share."""
    lengths = np.diff(np.append(first, len(gross)))
    until = np.cumsum(gross)
    until -= np.repeat(until[first] - gross[first], lengths)
    whole = np.repeat(np.where(paid == 0, 1, paid), lengths)
    share = money.divide_half_up(until * np.repeat(base, lengths) * np.sign(whole), np.abs(whole))
    before = np.concatenate([[0], share[:-1]]) if len(share) else share
    before[first] = 0
    result: Ints = share - before
    return result
