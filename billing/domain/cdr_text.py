"""Priced CDRs as lines of JSON, written column by column.

The texts of numbers are put together from tables of digit groups, what a component always says is written once, and a
line is one join. A slice reads exactly as `Slice.to_json` has it, and amounts follow the same rule (`shares`): the
difference of the rounded running total, so slices and adjustments add up to the total to the last digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise, repeat
from typing import Final

import msgspec
import numpy as np

from billing.domain import findings, instants, money
from billing.domain.columns import Exact, Flag, Ints
from billing.domain.errors import BillingError
from billing.domain.plan import DIMENSION, RESERVED, Lane, Plan
from billing.domain.price import DIGITS, UNIT
from billing.domain.price_view import LANES_OF
from billing.domain.rated import Rated

_SCALE: Final = 10**DIGITS
_THREE: Final = [f"{number:03d}" for number in range(1000)]
_FOUR: Final = [f".{number:04d}" for number in range(_SCALE)]
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
    amount = rated.amount
    gross = amount * rated.plan.factors(amount.dtype.type)[rated.component]
    excl, limit_excl = _shares(rated, amount, rated.limit_excl, per_excl)
    incl, limit_incl = _shares(rated, gross, rated.limit_incl, per_incl)
    null = not terms.has_vat
    slices = _slices(rated, _decimals(excl), _amounts_incl(incl, null=null))
    joined = [",".join(slices[first:last]) for first, last in pairwise(rated.offsets.tolist())]
    opening = f',"currency":"{terms.currency}","total_cost":'
    columns = [
        _identities(ids),
        repeat(opening),
        _costs(rated.excl, rated.incl, per_excl, per_incl, null=null),
        *(_part(rated, name, lanes, per_excl, per_incl) for name, lanes in _PARTS.items()),
        repeat(',"slices":['),
        joined,
        _adjustments(rated, limit_excl, limit_incl, null=null),
        [_findings(flags) for flags in rated.flags.tolist()],
    ]
    return list(map("".join, zip(*columns, strict=False)))


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


def _decimals(values: Exact) -> list[str]:
    """Ten-thousandths as text with four decimals."""
    if len(values) and values.min() < 0:
        return [str(money.from_units(value, DIGITS)) for value in values.tolist()]
    wholes = values // _SCALE
    rests = values - wholes * _SCALE
    return [f"{whole}{_FOUR[rest]}" for whole, rest in zip(wholes.tolist(), rests.tolist(), strict=True)]


def _amounts_incl(values: Exact, *, null: bool) -> list[str]:
    """The end of each slice."""
    if null:
        return ['","amount_incl":null}'] * len(values)
    return [f'","amount_incl":"{text}"}}' for text in _decimals(values)]


def _thousandths(values: Ints) -> list[str]:
    """Thousandths as text with three decimals: mWh as Wh. Meters do not count below zero."""
    wholes = values // 1000
    rests = values - wholes * 1000
    return [f"{whole}.{_THREE[rest]}" for whole, rest in zip(wholes.tolist(), rests.tolist(), strict=True)]


def _quantities(rated: Rated) -> list[str]:
    """kWh with six decimals, seconds with four, fees as whole numbers."""
    lane = rated.plan.lane[rated.component]
    timed = (lane != Lane.ENERGY) & (lane != Lane.FLAT) & (lane != Lane.RESERVED_FLAT)
    texts = _sixths(rated.quantity)
    for place, text in zip(np.flatnonzero(timed).tolist(), _decimals(rated.quantity[timed] * 4), strict=True):
        texts[place] = text
    for place in np.flatnonzero((lane == Lane.FLAT) | (lane == Lane.RESERVED_FLAT)).tolist():
        texts[place] = "1"
    return texts


def _sixths(values: Ints) -> list[str]:
    """Millionths as text with six decimals."""
    thousands = values // 1000
    rests = values - thousands * 1000
    return [
        f"{whole // 1000}.{_THREE[whole % 1000]}{_THREE[rest]}"
        for whole, rest in zip(thousands.tolist(), rests.tolist(), strict=True)
    ]


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


def _slices(rated: Rated, amounts: list[str], endings: list[str]) -> list[str]:
    before, after = _constants(rated.plan)
    kinds = (rated.component * 2 + rated.is_step).tolist()
    columns = zip(
        instants.write(rated.start),
        instants.write(rated.end),
        _thousandths(rated.meter_from),
        _thousandths(rated.meter_to),
        kinds,
        _quantities(rated),
        amounts,
        endings,
        strict=True,
    )
    return [
        f'{{"from":"{start}","to":"{end}","meter_start_wh":"{meter_from}","meter_stop_wh":"{meter_to}'
        f"{before[kind]}{quantity}{after[kind]}{amount}{ending}"
        for start, end, meter_from, meter_to, kind, quantity, amount, ending in columns
    ]


def _costs(excl: Exact, incl: Exact, per_excl: int, per_incl: int, *, null: bool) -> list[str]:
    excl_texts = _decimals(money.divide_half_up(excl, per_excl))
    if null:
        return [f'{{"excl_vat":"{text}","incl_vat":null}}' for text in excl_texts]
    incl_texts = _decimals(money.divide_half_up(incl, per_incl))
    both = zip(excl_texts, incl_texts, strict=True)
    return [f'{{"excl_vat":"{without}","incl_vat":"{with_vat}"}}' for without, with_vat in both]


def _part(rated: Rated, name: str, lanes: Sequence[Lane], per_excl: int, per_incl: int) -> Sequence[str]:
    """One part of the total for each line; null where nothing of it was priced."""
    found = [lane for lane in lanes if lane in rated.by_lane]
    size = len(rated)
    if not found:
        return [f',"{name}":null'] * size
    excl = sum(rated.by_lane[lane][0] for lane in found)
    incl = sum(rated.by_lane[lane][1] for lane in found)
    priced = np.logical_or.reduce([rated.priced[lane] for lane in found]).tolist()
    costs = _costs(excl, incl, per_excl, per_incl, null=not rated.plan.tariffs[0].has_vat)
    null = f',"{name}":null'
    return [f',"{name}":{cost}' if there else null for there, cost in zip(priced, costs, strict=True)]


def _adjustments(rated: Rated, excl: Exact, incl: Exact, *, null: bool) -> list[str]:
    """The end of the slices and the adjustments of each line."""
    texts = ['],"adjustments":[]'] * len(rated)
    for place in np.flatnonzero((rated.limit_excl != 0) | (rated.limit_incl != 0)).tolist():
        kind = "MINIMUM" if rated.flags[place] & Flag.MINIMUM else "MAXIMUM"
        without = money.from_units(int(excl[place]), DIGITS)
        with_vat = None if null else str(money.from_units(int(incl[place]), DIGITS))
        line = {"kind": kind, "excl_vat": str(without), "incl_vat": with_vat}
        texts[place] = f'],"adjustments":[{quoted(line)}]'
    return texts


@lru_cache(maxsize=1024)
def _findings(flags: int) -> str:
    """The end of a line."""
    listed = [{"code": name, "message": findings.sentence(name)} for name in findings.named(Flag(flags))]
    return f',"findings":{quoted(listed)}}}'
