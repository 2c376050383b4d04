"""Priced CDRs as lines of JSON, written column by column.

The texts of numbers are put together from tables of digit groups, what a component always says is written once, and a
line is one join. A slice reads exactly as `Slice.to_json` has it, and amounts follow the same rule (`shares`): the
difference of the rounded running total, so slices and adjustments add up to the total to the last digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final

import msgspec
import numpy as np

from billing.domain import findings, instants, money
from billing.domain.columns import Exact, Flag
from billing.domain.errors import BillingError
from billing.domain.plan import DIMENSION, RESERVED, Lane, Plan
from billing.domain.price import DIGITS, UNIT
from billing.domain.price_view import LANES_OF
from billing.domain.rated import Rated

_SCALE: Final = 10**DIGITS
_THREE: Final = [f"{number:03d}" for number in range(1000)]
_FOUR: Final = [f".{number:04d}" for number in range(_SCALE)]
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
    """One line for each CDR of a batch; meaningless where it has a fault."""
    terms = rated.plan.tariffs[0]
    per_excl, per_incl = rated.unit // _SCALE, rated.unit * rated.vat_unit // _SCALE
    slices, limit_excl = _slices(rated, per_excl)
    null = not terms.has_vat
    columns = [
        _identities(ids),
        _costs(f',"currency":"{terms.currency}","total_cost":', rated, rated.excl, rated.incl),
        *(_part(rated, name, lanes) for name, lanes in _PARTS.items()),
        [",".join(slices[first:last]) for first, last in pairwise(rated.offsets.tolist())],
        _adjustments(rated, limit_excl, per_incl, null=null),
        [_findings(flags) for flags in rated.flags.tolist()],
    ]
    return list(map("".join, zip(*columns, strict=True)))


def _identities(ids: Sequence[str]) -> list[str]:
    """The beginning of each line."""
    joined = "".join(ids)
    if joined.isascii() and joined.isprintable() and '"' not in joined and "\\" not in joined:
        return [f'{{"id":"{one}"' for one in ids]
    return [f'{{"id":{quoted(one)}' for one in ids]


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


def _divided(values: Exact, by: int) -> tuple[list[int], list[int]]:
    """Whole parts and remainders as lists; both have the sign of the value or are 0."""
    wholes = values // by
    return wholes.tolist(), (values - wholes * by).tolist()


def _decimals(values: Exact) -> list[str]:
    """Ten-thousandths as text with four decimals."""
    if len(values) and values.min() < 0:
        return [str(money.from_units(value, DIGITS)) for value in values.tolist()]
    return [f"{whole}{_FOUR[rest]}" for whole, rest in zip(*_divided(values, _SCALE), strict=True)]


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
def _constants(plan: Plan) -> tuple[list[str], list[str]]:
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
    return before, after


def _slices(rated: Rated, per: int) -> tuple[list[str], Exact]:
    """Every slice as text, and what the limit of each session adds or takes in ten-thousandths."""
    shares, limits = _shares(rated, rated.amount, rated.limit_excl, per)
    before, after = _constants(rated.plan)
    names, start_days = instants.days(rated.start)
    end_names, end_days = instants.days(rated.end)
    columns = zip(
        start_days,
        (rated.start % instants.DAY_S).tolist(),
        end_days,
        (rated.end % instants.DAY_S).tolist(),
        *_divided(rated.meter_from, 1000),
        *_divided(rated.meter_to, 1000),
        (rated.component * 2 + rated.is_step).tolist(),
        _quantities(rated),
        _decimals(shares),
        strict=True,
    )
    clock, thousandths = instants.CLOCK, _THREE
    return [
        f'{{"from":"{names[day]}{clock[second]}","to":"{end_names[end_day]}{clock[end_second]}",'
        f'"meter_start_wh":"{wh}.{thousandths[mwh]}","meter_stop_wh":"{end_wh}.{thousandths[end_mwh]}'
        f'{before[kind]}{quantity}{after[kind]}{amount}"}}'
        for day, second, end_day, end_second, wh, mwh, end_wh, end_mwh, kind, quantity, amount in columns
    ], limits


def _costs(opening: str, rated: Rated, excl: Exact, incl: Exact) -> list[str]:
    """A cost of every session, after its key."""
    without = _divided(money.divide_half_up(excl, rated.unit // _SCALE), _SCALE)
    with_vat = _divided(money.divide_half_up(incl, rated.unit * rated.vat_unit // _SCALE), _SCALE)
    four, begin = _FOUR, f'{opening}{{"excl_vat":"'
    if not rated.plan.tariffs[0].has_vat or (len(excl) and min(excl.min(), incl.min()) < 0):
        return _odd_costs(begin, rated, without, with_vat)
    return [
        f'{begin}{whole}{four[rest]}","incl_vat":"{gross}{four[gross_rest]}"}}'
        for whole, rest, gross, gross_rest in zip(*without, *with_vat, strict=True)
    ]


def _odd_costs(
    begin: str, rated: Rated, excl: tuple[list[int], list[int]], incl: tuple[list[int], list[int]]
) -> list[str]:
    """Costs that may be negative or of unknown VAT."""
    has_vat = rated.plan.tariffs[0].has_vat
    texts = []
    for whole, rest, gross, gross_rest in zip(*excl, *incl, strict=True):
        with_vat = f'"{money.from_units(gross * _SCALE + gross_rest, DIGITS)}"' if has_vat else "null"
        texts.append(f'{begin}{money.from_units(whole * _SCALE + rest, DIGITS)}","incl_vat":{with_vat}}}')
    return texts


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
