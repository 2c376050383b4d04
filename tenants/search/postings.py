"""Postings: the rows that have a term, packed: the gaps between their ids in as few bytes as the widest gap needs."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
_WIDTHS = (np.dtype("<u1"), np.dtype("<u2"), np.dtype("<u4"), np.dtype("<u8"))


def pack(ids: Ids, *, after: int) -> bytes:
    """Pack ascending ids, all greater than `after`. The first byte says how wide a gap is."""
    gaps = np.diff(ids, prepend=after)
    width = next(width for width in _WIDTHS if gaps.max() <= np.iinfo(width).max)
    return bytes([width.itemsize]) + gaps.astype(width).tobytes()


def unpack(packed: bytes, *, after: int) -> Ids:
    """Return the ids again."""
    width = np.dtype(f"<u{packed[0]}")
    return after + np.cumsum(np.frombuffer(packed, width, offset=1).astype(np.int64))


def in_all(lists: Iterable[Ids]) -> Ids:
    """Return what stands in every list."""
    first, *others = sorted(lists, key=len)
    for other in others:
        first = np.intersect1d(first, other, assume_unique=True)
    return first


def in_any(lists: Iterable[Ids]) -> Ids:
    """Return what stands in some list."""
    return np.unique(np.concatenate([*lists]))
