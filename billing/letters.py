"""The letters that this floor sends; `portal/words/letters.py` words them."""

from enum import StrEnum, auto


class Letter(StrEnum):
    """To who raised a dispute, to who pays and to who hosts: with a document."""

    DISPUTE_RECEIVED = auto()
    DISPUTE_GRANTED = auto()
    DISPUTE_REFUSED = auto()
    INVOICED = auto()
    CREDITED = auto()
    REMINDED = auto()
    SETTLED = auto()
    EXPORT_READY = auto()
