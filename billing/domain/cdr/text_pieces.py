"""Texts put together from pieces: many rows at once, each piece taken from a table of texts that are already there.

To format a number costs more than to price by it. But the groups of digits that numbers are made of are few: a column
of numbers becomes one or two columns of texts by looking up where in a table each stands. The pieces of all rows are
laid in the order in which they will be read, and one join makes the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np

from billing.domain import money
from billing.domain.arrays import Bools, Exact, Ints
from billing.domain.explained.price import DIGITS

#: A column of texts.
Texts = np.ndarray[Any, np.dtype[np.object_]]
#: The pieces of some rows, one column after the other; a single text is the same in all rows.
Pieces = Sequence[Texts | str]

_SCALE: Final = 10**DIGITS
_GROUP: Final = 10_000


def table(texts: Sequence[str]) -> Texts:
    """Texts to pick from."""
    return np.array(texts, dtype=object)


#: Whole numbers of up to four digits; the same behind another group of digits; and nothing.
_WHOLE: Final = table([*map(str, range(_GROUP)), *(f"{number:04d}" for number in range(_GROUP)), ""])
_NOTHING: Final = 2 * _GROUP


@lru_cache(maxsize=16)
def fraction(digits: int, ending: str = "") -> Texts:
    """Every fraction of that many digits, and what always follows: a longer text costs no more than a short one."""
    return table([f".{number:0{digits}d}{ending}" for number in range(10**digits)])


def whole(values: Exact) -> list[Texts]:
    """Whole numbers, not negative."""
    most = values.max(initial=0)
    if most < _GROUP:
        return [_WHOLE[_narrow(values)]]
    if most < _GROUP**2:
        values = _narrow(values)
        high = values // _GROUP
        low = values - high * _GROUP
        return [_WHOLE[np.where(high == 0, _NOTHING, high)], _WHOLE[np.where(high == 0, low, low + _GROUP)]]
    return [table([str(value) for value in values.tolist()])]


def decimals(values: Exact, ending: str = "") -> list[Texts]:
    """Ten-thousandths with four decimals, and what follows them."""
    if values.min(initial=0) < 0:
        return [table([f"{money.from_units(value, DIGITS)}{ending}" for value in values.tolist()])]
    wholes = values // _SCALE
    return [*whole(wholes), fraction(DIGITS, ending)[_narrow(values - wholes * _SCALE)]]


_SIGNS: Final = table(["", "-"])
#: So many digits of a fraction are looked up at once.
_TOGETHER: Final = 3


def fixed(values: Exact, digits: int, ending: str = "") -> list[Texts | str]:
    """Whole units of 10**-digits as decimal numbers, of either sign, and what follows them."""
    signs = [_SIGNS[(values < 0).astype(np.int64)]] if values.min(initial=0) < 0 else []
    values = np.abs(values)
    if digits == 0:
        return [*signs, *whole(values), ending]
    wholes = values // 10**digits
    rest = _narrow(values - wholes * 10**digits)
    if digits <= _TOGETHER:
        return [*signs, *whole(wholes), fraction(digits, ending)[rest]]
    scale = 10 ** (digits - _TOGETHER)
    high = rest // scale
    tail = _tail(digits - _TOGETHER, ending)[rest - high * scale]
    return [*signs, *whole(wholes), fraction(_TOGETHER)[high], tail]


@lru_cache(maxsize=16)
def _tail(digits: int, ending: str) -> Texts:
    return table([f"{number:0{digits}d}{ending}" for number in range(10**digits)])


def _narrow(values: Exact) -> Ints:
    """Numbers that are known to fit."""
    return values.astype(np.int64, copy=False)


class Sheet:
    """Rows of pieces: every row has a cell for each piece that is added."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.width = 0
        self._laid: list[tuple[int, Ints | None, Texts | str]] = []

    def add(self, pieces: Pieces) -> None:
        """Lay these pieces next."""
        self.add_where(None, pieces)

    def add_where(self, where: Bools | None, pieces: Pieces, otherwise: str = "") -> None:
        """Lay these pieces next in some rows, of which alone they are, and one other in the rest of them."""
        rows = None if where is None else np.flatnonzero(where)
        for index, piece in enumerate(pieces):
            if where is not None:
                self._laid.append((self.width, np.flatnonzero(~where), "" if index else otherwise))
            self._laid.append((self.width, rows, piece))
            self.width += 1

    def lay(self, flat: Texts, begin: Ints) -> None:
        """Lay everything in a flat column, the rows beginning at these places."""
        for index, rows, piece in self._laid:
            flat[(begin if rows is None else begin[rows]) + index] = piece
