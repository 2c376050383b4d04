"""What a tariff offers for one lane, laid out so that a whole batch can be looked up at once.

A lane of a tariff is a list of candidates, and the first whose conditions hold gives the price. Most tariffs have a
single candidate without conditions: there the component is known beforehand. Tariffs whose conditions are the same and
whose prices alone differ share one `Shape`, so a shape is worked out once for all of their pieces.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final, Self

import numpy as np

from billing.domain.arrays import Bools, Ints
from billing.domain.tariff.model import ReservationKind
from billing.domain.tariff.windows import MINUTES_OF_WEEK, WeekTable

#: No component: the dimension is free.
FREE: Final = -1
#: Codes from here downwards stand for shapes: the component depends on the piece.
_FIRST_SHAPE: Final = -2
#: Fields of a bound that are measured during a piece rather than known at its start.
READINGS: Final = ("power", "current")

#: The components of many pieces. A batch may have any number of tariffs, so 16 bits would not do.
Components = np.ndarray[Any, np.dtype[np.int32]]


@dataclass(frozen=True, slots=True)
class Bound:
    """`field` of a piece is at least `least` and below `below`. `field` names a column of `restrictions.Here`."""

    field: str
    least: int | None
    below: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One component of one element: applies when the week table and all bounds say so."""

    component: int
    week: WeekTable | None
    bounds: tuple[Bound, ...]
    kind: ReservationKind | None

    @property
    def always(self) -> bool:
        return self.week is None and not self.bounds

    @property
    def conditions(self) -> tuple[bytes | None, tuple[Bound, ...]]:
        """What it asks, to be compared with what others ask."""
        return None if self.week is None else self.week.tobytes(), self.bounds


#: Candidates that ask nothing but the clock, laid over each other: the index of the first, or `FREE`, by minute of the
#: week.
Table = np.ndarray[Any, np.dtype[np.int32]]


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """A candidate with bounds, and its index in the list."""

    index: int
    week: WeekTable | None
    bounds: tuple[Bound, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """The candidates of one tariff that can be reached.

    `fixed` is the component if it never depends on anything (`FREE` if there is none), else None.
    """

    candidates: tuple[Candidate, ...]
    fixed: int | None

    @classmethod
    def of(cls, candidates: Sequence[Candidate]) -> Self:
        until = next((index + 1 for index, one in enumerate(candidates) if one.always), len(candidates))
        reached = tuple(candidates[:until])
        return cls(reached, FREE if not reached else reached[0].component if reached[0].always else None)


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """The conditions that some tariffs share, in layers that are fast to look up.

    `components` has a row for each of those tariffs: the component at each index of the list, and `FREE` at the end,
    where index -1 finds it. `moves` tells whether the choice can change while a session lasts.
    """

    layers: tuple[Table | Condition, ...]
    components: Components
    moves: bool

    @classmethod
    def of(cls, choices: Sequence[Choice]) -> Self:
        """The shape of choices whose candidates ask the same."""
        reached = choices[0].candidates
        rows = [[*(one.component for one in choice.candidates), FREE] for choice in choices]
        moves = any(one.week is not None or any(bound.field not in READINGS for bound in one.bounds) for one in reached)
        return cls(tuple(_layers(reached)), np.array(rows, dtype=np.int32), moves)


def _layers(candidates: Sequence[Candidate]) -> Iterator[Table | Condition]:
    """Neighbouring candidates without bounds as one table, the others as they are."""
    for by_clock, run in groupby(enumerate(candidates), key=lambda one: not one[1].bounds):
        if not by_clock:
            yield from (Condition(index, one.week, one.bounds) for index, one in run)
            continue
        table = np.full(MINUTES_OF_WEEK, FREE, dtype=np.int32)
        for index, one in reversed(list(run)):
            table[slice(None) if one.week is None else one.week] = index
        yield table


@dataclass(frozen=True, slots=True, eq=False)
class Offers:
    """How the tariffs of a plan price one lane. Columns are by tariff; one more entry, the last, is for `NO_TARIFF`."""

    choices: tuple[Choice, ...]
    #: The component where it is fixed, `FREE` where there is none, or the code of a shape.
    code: Components
    #: The row of a tariff in its shape.
    row: Ints
    shapes: tuple[Shape, ...]

    @classmethod
    def of(cls, choices: tuple[Choice, ...]) -> Self:
        alike: dict[object, list[int]] = {}
        for tariff, choice in enumerate(choices):
            if choice.fixed is None:
                alike.setdefault(tuple(one.conditions for one in choice.candidates), []).append(tariff)
        code = np.array([*(FREE if one.fixed is None else one.fixed for one in choices), FREE], dtype=np.int32)
        row = np.zeros(len(choices) + 1, dtype=np.int64)
        for number, tariffs in enumerate(alike.values()):
            code[tariffs] = _FIRST_SHAPE - number
            row[tariffs] = np.arange(len(tariffs))
        shapes = tuple(Shape.of([choices[tariff] for tariff in tariffs]) for tariffs in alike.values())
        return cls(choices, code, row, shapes)

    def codes(self, tariff: Ints | None, size: int) -> Components:
        """The code of each piece, `tariff` being the tariff of each or None if there is only one."""
        if tariff is None:
            return np.full(size, self.code[0])
        found: Components = self.code[tariff]
        return found

    def open(self, codes: Components) -> Iterator[tuple[Shape, Ints]]:
        """Each shape that occurs among these codes, and where."""
        if len(self.shapes) == 0 or len(codes) == 0 or codes.min() > _FIRST_SHAPE:
            return
        for number, shape in enumerate(self.shapes):
            pieces = np.flatnonzero(codes == _FIRST_SHAPE - number)
            if len(pieces):
                yield shape, pieces

    def filled(self, shape: Shape, tariff: Ints | None, found: Components) -> Components:
        """The component of each piece, from the index of the candidate it found; `tariff` as in `codes`."""
        row = self.row[0] if tariff is None else self.row[tariff]
        components: Components = shape.components[row, found]
        return components


def free(active: Bools, codes: Components) -> Components:
    """The same codes, `FREE` where a piece is not active."""
    found: Components = np.where(active, codes, np.int32(FREE))
    return found
