"""How the numbers of cards are compared and shown: in upper case, without blanks, of hexadecimal ones the digits alone.

A UID lies sealed. It is found by marks: HMAC-SHA-256 of operator and UID, with keys that no database holds. One is of
the UID however it is written, as readers and files write it; one of the very signs, of which an operator has each once.
"""

import hmac
import re
from collections.abc import Sequence

_DIGITS = re.compile(r"[0-9A-F]{8,20}")
#: Hexadecimal signs of a mark: 128 bits.
LENGTH = 32
#: What stands for the part of a UID that is not shown, however long it is.
HIDDEN = "••••"
#: So many signs are shown at most, and so many of them of the end; never more than half of all.
_SHOWN, _OF_END = 6, 2


def spelled(number: str) -> str:
    """Return the one spelling of a number by which it is found, however it is written."""
    whole = "".join(number.upper().split())
    digits = whole.replace(":", "").replace("-", "")
    return digits if _DIGITS.fullmatch(digits) else whole


def masked(uid: str) -> str:
    """Return a UID as it is shown where the whole is not needed: `04A2••••9F`; empty for none."""
    shown = min(_SHOWN, len(uid) // 2)
    end = min(_OF_END, shown // 2)
    return f"{uid[: shown - end]}{HIDDEN}{uid[len(uid) - end :]}" if uid else ""


def uid_marks(uid: str, operator_id: int, keys: Sequence[bytes]) -> list[str]:
    """Return what a UID may stand as, however it is written: by the newest key first, then by older ones."""
    return [_mark(key, f"{operator_id}:{spelled(uid)}") for key in keys]


def exact_marks(uid: str, operator_id: int, keys: Sequence[bytes]) -> list[str]:
    """Return what a UID of exactly these signs may stand as."""
    return [_mark(key, f"{operator_id}={uid}") for key in keys]


def _mark(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode(), "sha256").hex()[:LENGTH]
