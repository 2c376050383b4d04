"""One session of a rated batch as plain values, with amounts of four decimals that add up.

`shares` is the rule: round the running total, take differences. It is the same rule for one session here and for the
columns that the `price` command prints.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from billing.domain import money
from billing.domain.explained import findings
from billing.domain.explained.price import DIGITS, Adjustment, Cost, ExplainedPrice, Slice
from billing.domain.explained.problems import error_of
from billing.domain.kernel.plan import DIMENSION, RESERVED, Lane
from billing.domain.kernel.rated import Rated
from billing.domain.sessions.columns import TICKS, Flag
from billing.domain.tariff.model import Dimension, Tariff

#: The lanes that make up each part of a total.
LANES_OF: Final = {
    "energy": (Lane.ENERGY,),
    "time": (Lane.TIME,),
    "parking": (Lane.PARKING,),
    "fixed": (Lane.FLAT,),
    "reservation": (Lane.RESERVED_FLAT, Lane.RESERVED_TIME),
}


def shares(exact: Sequence[int], unit: int) -> list[Decimal]:
    """Amounts in `unit`s with four decimals each, whose sum is the rounded sum."""
    running, shown = 0, []
    before = 0
    for amount in exact:
        running += amount
        after = money.divide_half_up(running * 10**DIGITS, unit)
        shown.append(money.from_units(after - before, DIGITS))
        before = after
    return shown


def session_price(rated: Rated, index: int) -> ExplainedPrice:
    """Session `index` of the batch.

    Raises:
        BillingError: it has a fault and therefore no price.
    """
    error = error_of(rated, index)
    if error is not None:
        raise error
    terms = rated.plan.tariffs[int(rated.tariff[index])]
    rows = range(int(rated.offsets[index]), int(rated.offsets[index + 1]))
    limit = (int(rated.limit_excl[index]), int(rated.limit_incl[index]))
    excl = shares([_excl(rated, row) for row in rows] + [limit[0]], rated.unit)
    incl = shares([_incl(rated, row) for row in rows] + [limit[1]], rated.unit * rated.vat_unit)
    has_vat = terms.has_vat
    parts = {name: _part(rated, index, lanes, has_vat=has_vat) for name, lanes in LANES_OF.items()}
    return ExplainedPrice(
        currency=terms.currency,
        slices=tuple(
            _slice(rated, row, excl[number], incl[number] if has_vat else None) for number, row in enumerate(rows)
        ),
        adjustments=_adjustments(limit, Cost(excl[-1], incl[-1] if has_vat else None), Flag(int(rated.flags[index]))),
        total=_cost(rated, int(rated.excl[index]), int(rated.incl[index]), has_vat=has_vat),
        flags=findings.named(Flag(int(rated.flags[index]))),
        shown=_shown(rated, rows, limit, terms),
        tax_included=terms.tax_included,
        **parts,
    )


def _shown(rated: Rated, rows: range, limit: tuple[int, int], terms: Tariff) -> tuple[Decimal, ...]:
    """Slices and adjustments in the smallest coin, so that those that are rounded together add up to their rounded sum.

    Those are all of them, or, where prices include VAT, those of one invoice line.
    """
    digits = money.minor_digits(terms.currency)
    coin = (rated.unit * rated.vat_unit if terms.has_vat else rated.unit) // money.power_of_ten(digits)
    exact = [(_incl if terms.has_vat else _excl)(rated, row) for row in rows]
    keys = [_line_of(rated, row) if terms.tax_included else None for row in rows]
    if limit != (0, 0) and not terms.tax_included:
        exact.append(limit[terms.has_vat])
        keys.append(None)
    running: dict[object, int] = {}
    shown = []
    for amount, key in zip(exact, keys, strict=True):
        before = running.get(key, 0)
        running[key] = before + amount
        coins = money.divide_half_up(running[key], coin) - money.divide_half_up(before, coin)
        shown.append(money.from_units(coins, digits))
    if limit != (0, 0) and terms.tax_included:
        total = money.from_units(money.divide_half_up(sum(exact) + limit[1], coin), digits)
        shown.append(total - sum(shown, Decimal(0)))
    return tuple(shown)


def _line_of(rated: Rated, row: int) -> object:
    """What tells the invoice line of a slice (`billing.domain.invoice.lines`)."""
    one = rated.plan.components[int(rated.component[row])]
    return one.lane, one.price.price, one.price.vat


def _excl(rated: Rated, row: int) -> int:
    return int(rated.quantity[row]) * rated.plan.weight[int(rated.component[row])]


def _incl(rated: Rated, row: int) -> int:
    return _excl(rated, row) * rated.plan.vat_factor[int(rated.component[row])]


def _cost(rated: Rated, excl: int, incl: int, *, has_vat: bool) -> Cost:
    scale = 10**DIGITS
    with_vat = money.from_units(money.divide_half_up(incl * scale, rated.unit * rated.vat_unit), DIGITS)
    return Cost(
        money.from_units(money.divide_half_up(excl * scale, rated.unit), DIGITS),
        with_vat if has_vat else None,
    )


def _part(rated: Rated, index: int, lanes: Sequence[Lane], *, has_vat: bool) -> Cost | None:
    found = [rated.by_lane[lane] for lane in lanes if lane in rated.priced and rated.priced[lane][index]]
    if not found:
        return None
    excl, incl = (sum(int(columns[side][index]) for columns in found) for side in (0, 1))
    return _cost(rated, excl, incl, has_vat=has_vat)


def _adjustments(limit: tuple[int, int], cost: Cost, flags: Flag) -> tuple[Adjustment, ...]:
    if limit == (0, 0):
        return ()
    return (Adjustment("MINIMUM" if Flag.MINIMUM in flags else "MAXIMUM", cost),)


def _slice(rated: Rated, row: int, amount: Decimal, amount_incl: Decimal | None) -> Slice:
    component = rated.plan.components[int(rated.component[row])]
    terms = rated.plan.tariffs[component.tariff]
    quantity = int(rated.quantity[row])
    return Slice(
        start=datetime.fromtimestamp(int(rated.start[row]), UTC),
        end=datetime.fromtimestamp(int(rated.end[row]), UTC),
        meter_start_wh=money.from_units(int(rated.meter_from[row]), 3),
        meter_stop_wh=money.from_units(int(rated.meter_to[row]), 3),
        dimension=DIMENSION[component.lane],
        reserved=component.lane in RESERVED,
        is_step=bool(rated.is_step[row]),
        quantity=_quantity(component.price.type, quantity),
        unit_price=component.price.price,
        vat=component.price.vat,
        tariff_id=terms.id,
        tariff_version=terms.version,
        element=component.element,
        amount=amount,
        amount_incl=amount_incl,
        tax_included=terms.tax_included,
    )


def _quantity(dimension: Dimension, units: int) -> Decimal:
    """A quantity outside the kernel: kWh from mWh, seconds from ticks (a tick is 0.0004 s), or the number of fees."""
    match dimension:
        case Dimension.ENERGY:
            return money.from_units(units // 100, 4) if units % 100 == 0 else money.from_units(units, 6)
        case Dimension.FLAT:
            return Decimal(units)
    return money.from_units(units * (10**4 // TICKS), 4)
