"""By what the cells of a rejected row are found, although it lies sealed: a mark for each, at the index of its cell.

A mark is a keyed hash of 63 bits, with a key of the import's own that no database holds. So the table tells which rows
of one import say the same in a cell, and not what; of two imports it tells nothing.
"""

import hashlib
from collections.abc import Sequence

from tenants import blind_index


def keys(operator_id: int, import_id: int) -> list[bytes]:
    """Return the keys of an import's marks: the one that marks now first, then those that marked before."""
    found = blind_index.marks(str(import_id), field="charging_rejectedrow.marks", operator_id=operator_id)
    return [bytes.fromhex(mark) for mark in found]


def mark(column: int, text: str, key: bytes) -> int:
    """Return what a cell of this column that says this is found by."""
    digest = hashlib.blake2b(f"{column}:{text}".encode(), key=key, digest_size=8).digest()
    return int.from_bytes(digest) >> 1


def marks(cells: Sequence[str], key: bytes) -> list[int]:
    """Return the marks of a row."""
    return [mark(column, text, key) for column, text in enumerate(cells)]
