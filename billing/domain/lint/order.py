"""Whether new prices turn the order of the hours round: what was cheap becomes dear, or night dearer than day.

Only energy prices that depend on nothing but the clock are looked at; the others are not the same for everybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from billing.domain.lint.grid import Cells
from billing.domain.tariff.model import Dimension, Restrictions, Tariff
from billing.domain.tariff.windows import MINUTES_OF_WEEK, week_table

#: Hours that everybody calls night and day, by minutes of a day.
_NIGHT, _DAY = 3 * 60, 13 * 60
_CLOCK = ("start_time", "end_time", "day_of_week")


@dataclass(frozen=True, slots=True, eq=False)
class Turned:
    """Minutes of the week that were cheaper than others and become dearer than them."""

    risen: Cells
    fallen: Cells


def turned(old: Tariff, new: Tariff) -> Turned | None:
    """The hours whose order a change turns round; None if it keeps the order, or makes prices equal."""
    before, after = _ranks(old), _ranks(new)
    risen, fallen = np.zeros(MINUTES_OF_WEEK, dtype=np.bool_), np.zeros(MINUTES_OF_WEEK, dtype=np.bool_)
    pairs = {(was, now) for was, now in zip(before.tolist(), after.tolist(), strict=True) if was >= 0 and now >= 0}
    for was, now in pairs:
        for other_was, other_now in pairs:
            if was < other_was and now > other_now:
                risen |= (before == was) & (after == now)
                fallen |= (before == other_was) & (after == other_now)
    return Turned(risen, fallen) if risen.any() else None


def night_is_dearer(tariff: Tariff) -> bool:
    """Whether energy costs more in the middle of some night than at noon of the day before."""
    ranks = _ranks(tariff)
    nights, days = ranks[_NIGHT::1440], ranks[_DAY::1440]
    return bool(((nights >= 0) & (days >= 0) & (nights > days)).any())


def _ranks(tariff: Tariff) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """For each minute of the week the rank of its energy price among the tariff's prices, cheapest first; -1: none."""
    prices: list[Fraction | None] = [None] * MINUTES_OF_WEEK
    for minutes, price in _by_clock(tariff):
        for minute in np.flatnonzero(minutes).tolist():
            prices[minute] = price if prices[minute] is None else prices[minute]
    order = {price: rank for rank, price in enumerate(sorted({price for price in prices if price is not None}))}
    return np.array([-1 if price is None else order[price] for price in prices], dtype=np.int64)


def _by_clock(tariff: Tariff) -> Iterator[tuple[Cells, Fraction]]:
    for element in tariff.elements:
        if any(getattr(element.restrictions, name) for name in Restrictions.__slots__ if name not in _CLOCK):
            continue
        table = week_table(element.restrictions)
        for one in element.price_components:
            if one.type is Dimension.ENERGY:
                minutes = np.ones(MINUTES_OF_WEEK, dtype=np.bool_) if table is None else table
                yield minutes, Fraction(one.price) * (1 + Fraction(one.vat or 0) / 100)
                break
