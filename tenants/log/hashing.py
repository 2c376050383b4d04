"""The arithmetic of seals: pure functions, so that a stranger can repeat them (`bin/verify-seals` does).

An entry is written as one line of text and hashed to a leaf; the leaves of a seal form a Merkle tree, hashed as
in RFC 6962 section 2.1 (leaves after a byte 0, nodes after a byte 1, so that neither can stand for the other); the
seal's hash binds the tree to the seal before it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

LEAF_BYTES = 32
#: What the first seal of a chain names as its predecessor.
BEGINNING = "0" * 64


def leaf(text: str) -> bytes:
    """Return the hash of one written entry: 32 bytes."""
    return hashlib.sha256(b"\0" + text.encode()).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the Merkle tree hash of at least one leaf: 32 bytes.

    A node without a neighbour moves up as it is, which gives the tree of RFC 6962 for any number of leaves.
    """
    level = list(leaves)
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        above = [hashlib.sha256(b"\1" + left + right).digest() for left, right in pairs]
        level = above + level[len(above) * 2 :]
    return level[0]


#: What a seal says, in the order in which it is hashed. Both the names and their order are the format of every
#: chain ever exported, and stand in `bin/verify-seals` as well: never changed, only followed by a new form.
FACTS = ("form", "operator_id", "number", "above_id", "from_xid", "to_xid", "entries", "root", "previous", "sealed_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class SealFacts:
    """What a seal says.

    form: how its entries are written. number: its place in the operator's chain, from 1. above_id, from_xid, to_xid:
    its stretch of the log (see `AuditSeal`). entries: how many. root, previous: hashes in hexadecimal.
    sealed_at: ISO 8601 in UTC with microseconds.
    """

    form: int
    operator_id: int
    number: int
    above_id: int
    from_xid: int
    to_xid: int
    entries: int
    root: str
    previous: str
    sealed_at: str

    def hash(self) -> str:
        """Return the hash of the seal in hexadecimal: SHA-256 of its facts, each on a line as `name=value`."""
        text = "".join(f"{name}={getattr(self, name)}\n" for name in FACTS)
        return hashlib.sha256(text.encode()).hexdigest()
