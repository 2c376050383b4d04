"""Priced CDRs as lines of JSON, written column by column.

The texts of numbers are put together from tables of digit groups, what a component always says is written once, and a
line is one join. A slice reads exactly as `Slice.to_json` has it, and amounts follow the same rule (`shares`): the
difference of the rounded running total, so slices and adjustments add up to the total to the last digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

import msgspec
import numpy as np

from billing.domain import findings, instants, money
from billing.domain.columns import Exact, Flag
from billing.domain.errors import BillingError
from billing.domain.plan import DIMENSION, RESERVED, Lane, Plan
from billing.domain.price import DIGITS, UNIT
from billing.domain.price_view import LANES_OF
from billing.domain.rated import Rated

#: An array of texts.
Texts = np.ndarray[Any, np.dtype[np.object_]]

_SCALE: Final = 10**DIGITS
#: Digit groups as text. Picking from an array of texts costs less than making the number to pick by.
_THREE: Final = np.array([f".{number:03d}" for number in range(1000)], dtype=object)
_FOUR: Final = np.array([f".{number:04d}" for number in range(_SCALE)], dtype=object)
_LAST: Final = "total_reservation_cost"
_PARTS: Final = {f"total_{name}_cost": lanes for name, lanes in LANES_OF.items()}


def quoted(value: object) -> str:
    """Any plain value as JSON."""
    return msgspec.json.encode(value).decode()


def error_line(cdr_id: str | None, problem: BillingError) -> str:
    """The line of a CDR that cannot be priced."""
    error = {"code": problem.code, "field": problem.field, "message": problem.message}
    return quoted({"id": cdr_id, "error": error})


def lines(rated: Rated, ids: Sequence[str]) -> list[str]:
    """One line for each CDR of a batch; meaningless where it has a fault. Its tariffs all know VAT, or none does."""
    per_excl, per_incl = rated.unit // _SCALE, rated.unit * rated.vat_unit // _SCALE
    slices, limit_excl = _slices(rated, per_excl)
    null = not rated.plan.tariffs[0].has_vat
    columns = [
        _identities(rated, ids),
        _costs(',"total_cost":', rated, rated.excl, rated.incl),
        *(_part(rated, name, lanes) for name, lanes in _PARTS.items()),
        [",".join(slices[first:last]) for first, last in pairwise(rated.offsets.tolist())],
        _adjustments(rated, limit_excl, per_incl, null=null),
        [_findings(flags) for flags in rated.flags.tolist()],
    ]
    return list(map("".join, zip(*columns, strict=True)))


def _identities(rated: Rated, ids: Sequence[str]) -> list[str]:
    """The beginning of each line: whose price it is, and in which currency."""
    endings = [f',"currency":"{terms.currency}"' for terms in rated.plan.tariffs]
    currencies = [endings[tariff] for tariff in rated.tariff.tolist()]
    joined = "".join(ids)
    if joined.isascii() and joined.isprintable() and '"' not in joined and "\\" not in joined:
        return [f'{{"id":"{one}"{currency}' for one, currency in zip(ids, currencies, strict=True)]
    return [f'{{"id":{quoted(one)}{currency}' for one, currency in zip(ids, currencies, strict=True)]


def _shares(rated: Rated, amount: Exact, limit: Exact, per: int) -> tuple[Exact, Exact]:
    """Four-decimal shares of each slice and of the adjustment of each session.

    The running total goes over all sessions and may wrap around in 64 bits; the difference to where a session begins
    cannot, because the total of a session fits.
    """
    lengths = np.diff(rated.offsets)
    until = np.concatenate([np.zeros(1, dtype=amount.dtype), np.cumsum(amount, dtype=amount.dtype)])
    within = until[1:] - np.repeat(until[rated.offsets[:-1]], lengths)
    rounded = money.divide_half_up(within, per)
    shares = rounded.copy()
    shares[1:] -= rounded[:-1]
    first = rated.offsets[:-1][lengths > 0]
    shares[first] = rounded[first]
    total = until[rated.offsets[1:]] - until[rated.offsets[:-1]]
    return shares, money.divide_half_up(total + limit, per) - money.divide_half_up(total, per)


def _divided(values: Exact, by: int, groups: Texts) -> tuple[list[int], list[str]]:
    """Whole parts, and remainders as text."""
    wholes = values // by
    return wholes.tolist(), groups[(values - wholes * by).astype(np.int64)].tolist()


def _decimals(values: Exact) -> list[str]:
    """Ten-thousandths as text with four decimals."""
    if len(values) and values.min() < 0:
        return [str(money.from_units(value, DIGITS)) for value in values.tolist()]
    return [f"{whole}{rest}" for whole, rest in zip(*_divided(values, _SCALE, _FOUR), strict=True)]


def _quantities(rated: Rated) -> list[str]:
    """Quantities: kWh and seconds with four decimals (kWh with six where it takes them), fees as whole numbers."""
    lane = rated.plan.lane[rated.component]
    energy, fee = lane == Lane.ENERGY, (lane == Lane.FLAT) | (lane == Lane.RESERVED_FLAT)
    units = np.where(energy, rated.quantity // 100, rated.quantity * 4)
    texts = _decimals(units)
    fine = energy & (rated.quantity % 100 != 0)
    for place in np.flatnonzero(fine).tolist():
        texts[place] = str(money.from_units(int(rated.quantity[place]), 6))
    for place in np.flatnonzero(fee).tolist():
        texts[place] = "1"
    return texts


@lru_cache(maxsize=256)
def _constants(plan: Plan) -> tuple[Texts, Texts]:
    """What every slice of a component says before and after its quantity; measured and step by turns."""
    before, after = [], []
    for component in plan.components:
        terms, dimension = plan.tariffs[component.tariff], DIMENSION[component.lane]
        for is_step in ("false", "true"):
            reserved = "true" if component.lane in RESERVED else "false"
            before.append(f'","dimension":"{dimension.value}","reserved":{reserved},"is_step":{is_step},"quantity":"')
            vat = component.price.vat
            after.append(
                f'","unit":"{UNIT[dimension]}","unit_price":"{component.price.price}",'
                f'"vat":{quoted(None if vat is None else str(vat))},"tariff_id":{quoted(terms.id)},'
                f'"tariff_version":{quoted(terms.version)},"element":{component.element},"amount":"'
            )
    return np.array(before, dtype=object), np.array(after, dtype=object)


def _slices(rated: Rated, per: int) -> tuple[list[str], Exact]:
    """Every slice as text, and what the limit of each session adds or takes in ten-thousandths."""
    shares, limits = _shares(rated, rated.amount, rated.limit_excl, per)
    before, after = _constants(rated.plan)
    kinds = rated.component * 2 + rated.is_step
    columns = zip(
        *instants.write(rated.start),
        *instants.write(rated.end),
        *_divided(rated.meter_from, 1000, _THREE),
        *_divided(rated.meter_to, 1000, _THREE),
        before[kinds].tolist(),
        _quantities(rated),
        after[kinds].tolist(),
        _decimals(shares),
        strict=True,
    )
    return [
        f'{{"from":"{day}{clock}","to":"{end_day}{end_clock}","meter_start_wh":"{wh}{mwh}",'
        f'"meter_stop_wh":"{end_wh}{end_mwh}{left}{quantity}{right}{amount}"}}'
        for day, clock, end_day, end_clock, wh, mwh, end_wh, end_mwh, left, quantity, right, amount in columns
    ], limits


def _costs(opening: str, rated: Rated, excl: Exact, incl: Exact) -> list[str]:
    """A cost of every session, after its key."""
    begin = f'{opening}{{"excl_vat":"'
    without = _decimals(money.divide_half_up(excl, rated.unit // _SCALE))
    if not rated.plan.tariffs[0].has_vat:
        return [f'{begin}{amount}","incl_vat":null}}' for amount in without]
    with_vat = _decimals(money.divide_half_up(incl, rated.unit * rated.vat_unit // _SCALE))
    return [f'{begin}{amount}","incl_vat":"{gross}"}}' for amount, gross in zip(without, with_vat, strict=True)]


def _part(rated: Rated, name: str, lanes: Sequence[Lane]) -> list[str]:
    """One part of the total for each line; null where nothing of it was priced."""
    found = [lane for lane in lanes if lane in rated.by_lane]
    ending = ',"slices":[' if name == _LAST else ""
    null = f',"{name}":null{ending}'
    if not found:
        return [null] * len(rated)
    excl = sum(rated.by_lane[lane][0] for lane in found)
    incl = sum(rated.by_lane[lane][1] for lane in found)
    priced = np.logical_or.reduce([rated.priced[lane] for lane in found])
    costs = _costs(f',"{name}":', rated, np.asarray(excl), np.asarray(incl))
    if ending:
        costs = [cost + ending for cost in costs]
    for place in np.flatnonzero(~priced).tolist():
        costs[place] = null
    return costs


def _adjustments(rated: Rated, shares: Exact, per_incl: int, *, null: bool) -> list[str]:
    """The end of the slices and the adjustments of each line."""
    texts = ['],"adjustments":[]'] * len(rated)
    limited = np.flatnonzero((rated.limit_excl != 0) | (rated.limit_incl != 0))
    for place in limited.tolist():
        kind = "MINIMUM" if rated.flags[place] & Flag.MINIMUM else "MAXIMUM"
        after, before = rated.incl[place], rated.incl[place] - rated.limit_incl[place]
        gross = money.divide_half_up(int(after), per_incl) - money.divide_half_up(int(before), per_incl)
        line = {
            "kind": kind,
            "excl_vat": str(money.from_units(int(shares[place]), DIGITS)),
            "incl_vat": None if null else str(money.from_units(gross, DIGITS)),
        }
        texts[place] = f'],"adjustments":[{quoted(line)}]'
    return texts


@lru_cache(maxsize=1024)
def _findings(flags: int) -> str:
    """The end of a line."""
    listed = [{"code": name, "message": findings.sentence(name)} for name in findings.named(Flag(flags))]
    return f',"findings":{quoted(listed)}}}'
