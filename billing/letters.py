"""The letters that this floor sends; `portal/words/letters.py` words them."""

from enum import StrEnum, auto


class Letter(StrEnum):
    """To who raised a dispute, and to who pays: with a document."""

    DISPUTE_RECEIVED = auto()
    DISPUTE_GRANTED = auto()
    DISPUTE_REFUSED = auto()
    INVOICED = auto()
    CREDITED = auto()
    REMINDED = auto()
    EXPORT_READY = auto()
