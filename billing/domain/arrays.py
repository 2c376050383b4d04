"""Columns of numbers, and the offsets that say where each session's part of a column begins.

Values of which a session has several are laid end to end: those of session `i` are `[offsets[i]:offsets[i + 1]]`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Ints = np.ndarray[Any, np.dtype[np.int64]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]
#: `int64` where that is provably wide enough, Python integers (`object`) where it is not.
Exact = np.ndarray[Any, np.dtype[Any]]


def ints(values: object) -> Ints:
    """Any sequence of integers as an `int64` column, without a copy where it is one already."""
    return np.ascontiguousarray(values, dtype=np.int64)


def counts(offsets: Ints) -> Ints:
    """How many entries each session has."""
    return np.diff(offsets)


def owners(offsets: Ints) -> Ints:
    """The session each entry belongs to."""
    return np.repeat(np.arange(len(offsets) - 1), counts(offsets))


def offsets_of(lengths: Ints) -> Ints:
    """Offsets from the number of entries of each session."""
    result = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=result[1:])
    return result


def within(offsets: Ints) -> Ints:
    """The position of each entry within its session, from 0."""
    return np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts(offsets))


def running(values: Ints, offsets: Ints) -> Ints:
    """Running total before each entry, starting from 0 in each session."""
    if len(values) == 0:
        return values
    before: Ints = np.cumsum(values) - values
    first = before[np.minimum(offsets[:-1], len(before) - 1)]
    return before - np.repeat(first, counts(offsets))
