"""Everything that can happen to a tariff, as a grid: where each of its candidates applies.

The axes are what restrictions ask: the minutes of a week (those that no restriction tells apart count once), energy so
far, seconds since charging began, local date, power and current (with one cell for "no reading"). Each axis is cut at
the bounds the tariff names, so a candidate applies to a whole cell or not at all, and what can be said about all
sessions can be read off a finite table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from billing.domain.kernel.choices import READINGS, Candidate
from billing.domain.tariff.windows import MINUTES_OF_WEEK

#: The numeric axes after the week, in order.
AXES: Final = ("meter", "elapsed", "day", "power", "current")
Cells = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """For each minute of the week its class, and for each numeric axis a value in each cell (None: no reading)."""

    week_class: np.ndarray[Any, np.dtype[np.int64]]
    classes: np.ndarray[Any, np.dtype[np.int64]]
    values: tuple[tuple[int | None, ...], ...]

    @classmethod
    def of(cls, candidates: list[Candidate]) -> Grid:
        """The grid on which all of these candidates are constant in every cell."""
        tables = [one.week for one in candidates if one.week is not None]
        stacked = np.array(tables, dtype=np.bool_).reshape(len(tables), MINUTES_OF_WEEK)
        _, first, week_class = np.unique(stacked, axis=1, return_index=True, return_inverse=True)
        return cls(week_class.ravel(), first, tuple(_axis_values(axis, candidates) for axis in AXES))

    def where(self, candidate: Candidate) -> Cells:
        """The cells in which a candidate applies."""
        week = np.ones(len(self.classes), dtype=np.bool_) if candidate.week is None else candidate.week[self.classes]
        cells: Cells = week.reshape(-1, *(1,) * len(AXES))
        for number, (axis, values) in enumerate(zip(AXES, self.values, strict=True), start=1):
            holds = np.array([_holds(candidate, axis, value) for value in values])
            shape = [1] * (len(AXES) + 1)
            shape[number] = len(values)
            cells = cells & holds.reshape(shape)
        return np.broadcast_to(cells, (len(self.classes), *map(len, self.values)))

    def minutes(self, cells: Cells, *, everywhere: bool) -> Cells:
        """The minutes of the week in which all (`everywhere`) or some of the other cells are set."""
        axes = tuple(range(1, cells.ndim))
        by_class: Cells = np.asarray(cells.all(axis=axes) if everywhere else cells.any(axis=axes))
        spread: Cells = by_class[self.week_class]
        return spread


def _axis_values(axis: str, candidates: list[Candidate]) -> tuple[int | None, ...]:
    """One value for each cell of an axis: the least of it, 0 or a bound. Dates begin before the first bound."""
    edges = {
        edge
        for one in candidates
        for bound in one.bounds
        if bound.field == axis
        for edge in (bound.least, bound.below)
        if edge is not None
    }
    lowest = min(edges, default=0) - 1 if axis == "day" else 0
    values: list[int | None] = [*sorted(edges | {lowest})]
    return (*values, None) if axis in READINGS and edges else tuple(values)


def _holds(candidate: Candidate, axis: str, value: int | None) -> bool:
    bounds = [bound for bound in candidate.bounds if bound.field == axis]
    if value is None:
        return not bounds
    return all(
        (bound.least is None or value >= bound.least) and (bound.below is None or value < bound.below)
        for bound in bounds
    )
