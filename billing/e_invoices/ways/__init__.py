"""Ways on which e-invoices leave the house. Each takes parcels, and says what became of one.

A parcel is handed over once, whatever ends a worker in between: `prepare` does what can be done again, then it is noted
that the hand-over begins, then comes `send`. Where it was noted and no answer is known, `ask` says whether it happened.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol

#: A word of who answers, such as a rule's name: so long, and of these signs.
_LONGEST: Final = 40
_SIGNS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


class Became(StrEnum):
    """What became of a parcel at who took it."""

    SENT = "sent"
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Parcel:
    """A file on its way. key: its own, the same however often it is tried. name: of the file. at: of this try."""

    key: str
    name: str
    content: bytes
    at: datetime
    content_type: str = "application/xml"


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of a parcel. code: why it was refused, as who answers names it."""

    became: Became
    code: str = ""


class Way(Protocol):
    """How e-invoices leave. Each method raises `tenants.outside.NotReached` where nobody is there to take or answer."""

    def prepare(self, parcel: Parcel) -> None:
        """Do what can be done as often as one likes."""

    def send(self, parcel: Parcel) -> Answer:
        """Hand it over."""

    def ask(self, parcel: Parcel) -> Answer | None:
        """What became of it; None if it was never handed over."""


def read(text: bytes) -> Answer:
    """The answer in JSON: `{"state": "accepted"}`, or `refused` with a `code`. What is none says it was sent."""
    try:
        told: Any = json.loads(text)
    except (ValueError, RecursionError):
        return Answer(Became.SENT)
    if not isinstance(told, dict) or told.get("state") not in list(Became):
        return Answer(Became.SENT)
    return Answer(Became(told["state"]), code(str(told.get("code", ""))))


def code(text: str) -> str:
    """A stranger's word, without what is no word."""
    return "".join(sign for sign in text if sign in _SIGNS)[:_LONGEST]
