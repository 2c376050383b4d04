"""The letters that this floor sends; `portal/words/letters.py` words them."""

from enum import StrEnum, auto


class Letter(StrEnum):
    """To a driver: about their charging."""

    CHARGED_LATE = auto()
