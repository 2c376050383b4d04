"""A site's power, shared fairly over its stations: each charge the same, as far as its station can take it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

#: What a car needs at least to charge, so that one may begin: 6 A, or as much on three phases of 230 V.
LEAST = {"A": Decimal(6), "W": Decimal(4140)}
#: Three phases of 230 V.
W_PER_A = 690
_STEP = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Part:
    """A station: how many cars charge there, and the most that it can give; None where that is not known."""

    station: int
    charging: int
    most: Decimal | None = None


def most_of(power_w: int | None, unit: str) -> Decimal | None:
    """Return a station's power in a unit."""
    if power_w is None:
        return None
    return Decimal(power_w) if unit == "W" else Decimal(power_w) / W_PER_A


def share(limit: Decimal, unit: str, parts: Sequence[Part]) -> dict[int, Decimal]:
    """Return what each station may draw at most; together never more than the limit.

    Each gets what one car needs, or each car there, so that the next one may begin; the rest goes to those that charge,
    by their cars. While nobody charges all get the same. Where even the least is too much for the site, all get less.
    """
    least = {part.station: _at_most(LEAST[unit] * max(1, part.charging), part.most) for part in parts}
    needed = sum(least.values(), Decimal(0))
    if needed >= limit:
        return {station: _down(limit * wanted / needed) if needed else Decimal(0) for station, wanted in least.items()}
    weights = {part.station: Decimal(part.charging) for part in parts}
    if not any(weights.values()):
        weights = dict.fromkeys(weights, Decimal(1))
    room = {part.station: None if part.most is None else part.most - least[part.station] for part in parts}
    more = _poured(limit - needed, weights, room)
    return {station: _down(wanted + more.get(station, Decimal(0))) for station, wanted in least.items()}


def _poured(rest: Decimal, weights: dict[int, Decimal], room: dict[int, Decimal | None]) -> dict[int, Decimal]:
    """Pour the rest over all by their weights; what is full gives what it cannot take to the others."""
    found: dict[int, Decimal] = {}
    open_ = {station: weight for station, weight in weights.items() if weight}
    while open_:
        each = rest / sum(open_.values())
        full = {
            station: free for station in open_ if (free := room[station]) is not None and free <= each * open_[station]
        }
        if not full:
            return found | {station: each * weight for station, weight in open_.items()}
        found |= full
        rest -= sum(full.values(), Decimal(0))
        open_ = {station: weight for station, weight in open_.items() if station not in full}
    return found


def _at_most(wanted: Decimal, most: Decimal | None) -> Decimal:
    return wanted if most is None else min(wanted, most)


def _down(value: Decimal) -> Decimal:
    return value.quantize(_STEP, ROUND_DOWN)
