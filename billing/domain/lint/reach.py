"""When each price of a tariff counts: where it holds and no price above it does, on the grid of `grid`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from billing.domain.kernel.choices import Candidate
from billing.domain.kernel.plan import DIMENSION, Plan, make_plan
from billing.domain.lint.grid import Cells, Grid
from billing.domain.tariff.model import Dimension, ReservationKind, Tariff


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """Where a price counts. `element` counts from 0.

    `minutes`: the minutes of the week, Monday first, in which it can count, whatever else its restrictions ask.
    `behind`: the elements above that take some of what it asks for.
    """

    element: int
    dimension: Dimension
    minutes: Cells
    behind: tuple[int, ...]


def reach(tariff: Tariff) -> Iterator[Reach]:
    """The reach of every price that can be the first of its dimension in its element."""
    plan = make_plan((tariff,))
    for lane in plan.offers:
        for kind in (None, *ReservationKind):
            listed = [one for one in plan.listed if plan.components[one.component].lane is lane and one.kind is kind]
            yield from _of_lane(plan, listed)


def _of_lane(plan: Plan, listed: list[Candidate]) -> Iterator[Reach]:
    grid = Grid.of(listed)
    above: list[tuple[int, Cells]] = []
    for candidate in listed:
        component = plan.components[candidate.component]
        cells = grid.where(candidate)
        taken = np.logical_or.reduce([other for _, other in above]) if above else np.zeros_like(cells)
        yield Reach(
            element=component.element - 1,
            dimension=DIMENSION[component.lane],
            minutes=grid.minutes(cells & ~taken, everywhere=False),
            behind=tuple(number for number, other in above if (cells & other).any()),
        )
        above.append((component.element - 1, cells))
