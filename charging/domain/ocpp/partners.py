"""How a partner is asked whether its card may charge, and how its answer is read: OCPI 2.2.1 and 2.3.0, Tokens module.

Real-time authorization: `POST {address}/tokens/{uid}/authorize?type=RFID`. What a stranger answers is read in bounds.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid4

from charging.domain.ocpp.admission import Said

#: By when the partner must have answered, in seconds: some time is left for what is done with it (`unasked.IN_TIME_S`).
LIMIT_S: Final = 2.2
#: So many of a partner's cards are asked about at a time; who comes later waits, and no longer than that.
AT_ONCE: Final = 8
#: For so long an answer holds for the charge that begins with it, and for so many cards it is remembered.
HOLDS_S, REMEMBERED = 900, 10_000
#: OCPI's status codes of a success, and of a card that the partner does not know.
_GOOD, _UNKNOWN_TOKEN = range(1000, 2000), 2004
_OK, _NOT_FOUND = 200, 404


class Unreadable(Exception):
    """The answer is no answer to this question."""


def path(base: str, uid: str) -> str:
    """Return the path at which it is asked. base: that of the partner's address, of its Tokens module or one above."""
    return f"{base.rstrip('/').removesuffix('/tokens')}/tokens/{quote(uid, safe='')}/authorize?type=RFID"


def headers(token: str) -> dict[str, str]:
    """Return what proves who asks, and what either side finds the question by."""
    proof = base64.b64encode(token.encode()).decode()
    asked = str(uuid4())
    return {
        "Authorization": f"Token {proof}",
        "X-Request-ID": asked,
        "X-Correlation-ID": asked,
        "Accept": "application/json",
    }


def read(status: int, body: bytes) -> Said:
    """Return what the partner says. A card that it does not know is not allowed.

    Raises:
        Unreadable: it says nothing of the card.
    """
    try:
        told: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise Unreadable from None
    code = told.get("status_code") if isinstance(told, Mapping) else None
    if not isinstance(code, int) or isinstance(code, bool):
        raise Unreadable
    if status in (_OK, _NOT_FOUND) and code == _UNKNOWN_TOKEN:
        return Said.NOT_ALLOWED
    data = told.get("data")
    if status != _OK or code not in _GOOD or not isinstance(data, Mapping):
        raise Unreadable
    try:
        return Said(str(data.get("allowed")))
    except ValueError:
        raise Unreadable from None
