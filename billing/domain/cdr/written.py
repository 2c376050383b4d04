"""Priced CDRs as lines of JSON, written column by column.

What a component always says is written once, numbers are put together from tables of digit groups (`text_pieces`), and
the pieces of some hundred lines are joined at a time. Amounts follow
the rule of one price (`explained.price_of.shares`): the difference of the rounded running total, so slices and
adjustments add up to the total to the last digit. `billing/tests/domain/price_as_json.py` says how a slice reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

import msgspec
import numpy as np

from billing.domain import money
from billing.domain.arrays import Exact, Ints, counts, offsets_of, within
from billing.domain.cdr import instants
from billing.domain.cdr.text_pieces import Pieces, Sheet, Texts, decimals, fraction, table, whole
from billing.domain.errors import BillingError
from billing.domain.explained import findings
from billing.domain.explained.price import DIGITS, UNIT
from billing.domain.explained.price_of import LANES_OF
from billing.domain.kernel.plan import DIMENSION, RESERVED, Lane, Plan
from billing.domain.kernel.rated import Rated
from billing.domain.sessions.columns import Flag

#: Who finds the sentence of a code and its facts.
Say = Callable[[str, Mapping[str, Any]], str]
_SCALE: Final = 10**DIGITS
#: How every cost begins.
_EXCL: Final = '{"excl_vat":"'
#: Lines that are joined at a time: their text stays in the processor's cache until it is encoded.
_TOGETHER: Final = 250


def unsaid(code: str, facts: Mapping[str, Any]) -> str:
    """The bare code, for whoever wants no sentences."""
    return code


def quoted(value: object) -> str:
    """Any plain value as JSON."""
    return msgspec.json.encode(value).decode()


def error_line(cdr_id: str | None, problem: BillingError, say: Say) -> str:
    """The line of a CDR that cannot be priced."""
    message = say(problem.code, problem.facts)
    error = {"code": problem.code, "field": problem.field, "facts": problem.facts, "message": message}
    return quoted({"id": cdr_id, "error": error})


def lines(rated: Rated, ids: Sequence[str], errors: Mapping[int, str], say: Say) -> Iterator[bytes]:
    """One line for each CDR of a batch, each with its end, some hundred lines in one text.

    `errors` has the lines of CDRs without a price, by position. The tariffs all know VAT, or none does.
    """
    per_excl, per_incl = rated.unit // _SCALE, rated.unit * rated.vat_unit // _SCALE
    shares, limits = _shares(rated, rated.amount, rated.limit_excl, per_excl)
    null = not rated.plan.tariffs[0].has_vat
    heads, slices, tails = _heads(rated, ids), _slices(rated, shares), Sheet(len(rated))
    tails.add(_adjustments(rated, limits, per_incl, null=null))
    tails.add(_findings(rated.flags, say))
    many = counts(rated.offsets)
    begins = offsets_of(many * slices.width + (heads.width + tails.width))
    flat = np.empty(int(begins[-1]), dtype=object)
    heads.lay(flat, begins[:-1])
    slices.lay(flat, np.repeat(begins[:-1] + heads.width, many) + within(rated.offsets) * slices.width)
    tails.lay(flat, begins[1:] - tails.width)
    for index, error in errors.items():
        flat[begins[index] : begins[index + 1]] = ""
        flat[begins[index]] = f"{error}\n"
    edges = [*begins[:-1:_TOGETHER].tolist(), len(flat)]
    return ("".join(flat[first:last].tolist()).encode() for first, last in pairwise(edges))


def _heads(rated: Rated, ids: Sequence[str]) -> Sheet:
    """The beginning of each line, until its slices: whose price it is, in which currency, and the costs."""
    sheet = Sheet(len(rated))
    joined = "".join(ids)
    plain = joined.isascii() and joined.isprintable() and '"' not in joined and "\\" not in joined
    mark = '"' if plain else ""
    currencies = table([f'{mark},"currency":"{terms.currency}","total_cost":{_EXCL}' for terms in rated.plan.tariffs])
    sheet.add([f'{{"id":{mark}', table(ids if plain else [quoted(one) for one in ids]), currencies[rated.tariff]])
    sheet.add(_cost(rated, rated.excl, rated.incl))
    for name, lanes in LANES_OF.items():
        _add_part(sheet, rated, f',"total_{name}_cost":', lanes)
    sheet.add([',"slices":['])
    return sheet


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


def _quantities(rated: Rated) -> Pieces:
    """Quantities: kWh and seconds with four decimals (kWh with six where it takes them), fees as whole numbers."""
    lane = rated.plan.lane[rated.component]
    energy, fee = lane == Lane.ENERGY, (lane == Lane.FLAT) | (lane == Lane.RESERVED_FLAT)
    hundreds = rated.quantity // 100
    *wholes, rests = decimals(np.where(energy, hundreds, rated.quantity * 4))
    wholes[-1][fee], rests[fee] = "1", ""
    for index in np.flatnonzero(energy & (hundreds * 100 != rated.quantity)).tolist():
        rests[index] = f".{rated.quantity[index] % 10**6:06d}"
    return [*wholes, rests]


@lru_cache(maxsize=256)
def _constants(plan: Plan) -> tuple[Texts, Texts]:
    """What every slice of a component says before and after its quantity; measured and step by turns."""
    before, after = [], []
    for component in plan.components:
        terms, dimension = plan.tariffs[component.tariff], DIMENSION[component.lane]
        for is_step in ("false", "true"):
            reserved = "true" if component.lane in RESERVED else "false"
            before.append(f'{dimension.value}","reserved":{reserved},"is_step":{is_step},"quantity":"')
            vat = component.price.vat
            after.append(
                f'","unit":"{UNIT[dimension]}","unit_price":"{component.price.price}",'
                f'"vat":{quoted(None if vat is None else str(vat))},"tariff_id":{quoted(terms.id)},'
                f'"tariff_version":{quoted(terms.version)},"element":{component.element},"amount":"'
            )
    return table(before), table(after)


def _slices(rated: Rated, shares: Exact) -> Sheet:
    """Every slice."""
    before, after = _constants(rated.plan)
    kinds = rated.component * 2 + rated.is_step
    follows = np.ones(len(kinds), dtype=np.bool_)
    follows[rated.offsets[:-1][counts(rated.offsets) > 0]] = False
    sheet = Sheet(len(kinds))
    sheet.add([table(['{"from":"', ',{"from":"'])[follows.astype(np.int64)]])
    sheet.add(instants.write(rated.start, '","to":"'))
    sheet.add(instants.write(rated.end, '","meter_start_wh":"'))
    sheet.add(_meter(rated.meter_from, '","meter_stop_wh":"'))
    sheet.add(_meter(rated.meter_to, '","dimension":"'))
    sheet.add([before[kinds], *_quantities(rated)])
    sheet.add([after[kinds], *decimals(shares, '"}')])
    return sheet


def _meter(values: Ints, ending: str) -> Pieces:
    """Meter values in Wh with three decimals, and what follows them."""
    wholes = values // 1000
    return [*whole(wholes), fraction(3, ending)[values - wholes * 1000]]


def _cost(rated: Rated, excl: Exact, incl: Exact) -> Pieces:
    """A cost excluding and including VAT, behind its opening."""
    without = money.divide_half_up(excl, rated.unit // _SCALE)
    if not rated.plan.tariffs[0].has_vat:
        return decimals(without, '","incl_vat":null}')
    with_vat = money.divide_half_up(incl, rated.unit * rated.vat_unit // _SCALE)
    return [*decimals(without, '","incl_vat":"'), *decimals(with_vat, '"}')]


def _add_part(sheet: Sheet, rated: Rated, opening: str, lanes: Sequence[Lane]) -> None:
    """One part of the total for each line; null where nothing of it was priced."""
    found = [lane for lane in lanes if lane in rated.by_lane]
    if not found:
        sheet.add([f"{opening}null"])
        return
    priced = np.logical_or.reduce([rated.priced[lane] for lane in found])
    excl = sum(rated.by_lane[lane][0][priced] for lane in found)
    incl = sum(rated.by_lane[lane][1][priced] for lane in found)
    cost = _cost(rated, np.asarray(excl), np.asarray(incl))
    sheet.add_where(priced, [f"{opening}{_EXCL}", *cost], otherwise=f"{opening}null")


def _adjustments(rated: Rated, shares: Exact, per_incl: int, *, null: bool) -> Pieces:
    """The end of the slices and the adjustments of each line."""
    limited = np.flatnonzero((rated.limit_excl != 0) | (rated.limit_incl != 0))
    if len(limited) == 0:
        return ['],"adjustments":[]']
    texts = np.full(len(rated), '],"adjustments":[]', dtype=object)
    for index in limited.tolist():
        kind = "MINIMUM" if rated.flags[index] & Flag.MINIMUM else "MAXIMUM"
        after, before = rated.incl[index], rated.incl[index] - rated.limit_incl[index]
        gross = money.divide_half_up(int(after), per_incl) - money.divide_half_up(int(before), per_incl)
        line = {
            "kind": kind,
            "excl_vat": str(money.from_units(int(shares[index]), DIGITS)),
            "incl_vat": None if null else str(money.from_units(gross, DIGITS)),
        }
        texts[index] = f'],"adjustments":[{quoted(line)}]'
    return [texts]


def _findings(flags: Ints, say: Say) -> Pieces:
    """The end of each line."""
    distinct, which = np.unique(flags, return_inverse=True)
    return [table([_named(flag, say) for flag in distinct.tolist()])[which]]


def _named(flags: int, say: Say) -> str:
    """The findings of a line and its end."""
    listed = [{"code": name, "message": say(name, {})} for name in findings.named(Flag(flags))]
    return f',"findings":{quoted(listed)}}}\n'
