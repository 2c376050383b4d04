"""A stranger's picture made into one of ours: read in a process of its own, drawn anew, nothing else kept.

What comes back is a PNG of at most `LARGEST` pixels with nothing in it but them.
"""

from dataclasses import dataclass
from typing import BinaryIO, Final

from billing.domain.errors import BillingError, Code
from tenants.strangers import apart
from tenants.strangers.apart import Allowance, Ended

#: Bytes of a picture that is taken.
MOST_BYTES: Final = 2_000_000
_COMMAND = apart.command("billing.documents.picture_child")
#: What a refusal may be about.
_FACTS: Final = ("width", "height", "limit")
_ALLOWED = Allowance(memory_mb=768, processor_s=10, silence_s=20)


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG and its size in pixels."""

    png: bytes
    width: int
    height: int


class NoPicture(BillingError):
    """A file is no picture that can stand on a document."""

    usual = Code.NO_PICTURE


def drawn(stored: BinaryIO) -> Picture:
    """Draw a picture anew.

    Raises:
        NoPicture: it is too large, none of the known kinds, broken, or nothing of it would be seen on paper.
    """
    try:
        with apart.reading(stored, _COMMAND, {"do": "draw"}, _ALLOWED) as answers:
            for said, parts in answers:
                if "refused" in said:
                    raise NoPicture(Code(said["code"]), **{name: said["facts"].get(name) for name in _FACTS})
                return Picture(parts[0], said["width"], said["height"])
    except Ended:
        raise NoPicture from None
    raise NoPicture
