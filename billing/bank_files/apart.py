"""Read a file of payments in a process of its own, to its very end, before anybody sees one of them.

Its rows are kept in a file without a name while it is read, so a file of any length takes the same memory; they can be
had as often as wanted, and only once the whole of it is believed. What is made of them (`ready`) is made meanwhile,
while the other process reads on.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, BinaryIO, Final

from billing.bank_files.told import Payment, Told, UnreadablePayments
from billing.domain.errors import Code
from tenants.strangers import apart
from tenants.strangers.apart import Allowance, Ended

_COMMAND: Final = apart.command("billing.bank_files.child")
_ALLOWED: Final = Allowance(memory_mb=1_024, processor_s=1_800, silence_s=120)
#: What a refusal may be about.
_FACTS: Final = ("field", "value", "line", "found", "where")


@dataclass(frozen=True, slots=True)
class Whole:
    """A file that was read to its end and agrees with itself."""

    told: Told
    _rows: IO[bytes]

    def rows(self) -> Iterator[bytes]:
        """What was made of its payments, in order, from the first."""
        self._rows.seek(0)
        yield from self._rows


@contextmanager
def whole(
    stored: BinaryIO, *, ready: Callable[[Payment], bytes], heard: Callable[[int], None] = lambda at: None
) -> Iterator[Whole]:
    """Read a file to its end. heard: called now and then with how many bytes have been read.

    ready: makes the line that is kept of a payment, ended as lines are.

    Raises:
        UnreadablePayments: it is no such file, cut off, or contradicts itself.
    """
    with tempfile.TemporaryFile() as rows:
        told = _spooled(stored, rows, ready, heard)
        yield Whole(told, rows)


def _spooled(
    stored: BinaryIO, rows: IO[bytes], ready: Callable[[Payment], bytes], heard: Callable[[int], None]
) -> Told:
    told: Told | None = None
    try:
        with apart.reading(stored, _COMMAND, {"do": "read"}, _ALLOWED) as answers:
            for said, _ in answers:
                if "refused" in said:
                    raise _refusal(said)
                for row in said.get("rows", ()):
                    rows.write(ready(Payment.from_json(row)))
                if "told" in said:
                    told = Told(**said["told"])
                else:
                    heard(said["at"])
    except Ended:
        raise UnreadablePayments(Code.PAYMENT_FILE_ENDED) from None
    if told is None:
        raise UnreadablePayments(Code.PAYMENT_FILE_ENDED)
    return told


def _refusal(said: dict[str, Any]) -> UnreadablePayments:
    problem = UnreadablePayments(Code(said["code"]))
    problem.facts |= {name: fact for name, fact in said["facts"].items() if name in _FACTS}
    return problem
