"""OCPP-J: a message as a frame of JSON, `[2, id, action, {…}]` for a call, `[3, id, {…}]` for its answer."""

import math
import re
from dataclasses import dataclass
from typing import Any

import orjson

CALL, RESULT, ERROR = 2, 3, 4
LONGEST_ID = 64
LONGEST_ACTION = 50
_CARD = re.compile(r'("(?:idTag|parentIdTag)"\s*:\s*")((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Call:
    """A message of a station that wants an answer. payload: None when it is no object."""

    message_id: str
    action: str
    payload: dict[str, Any] | None


def read(raw: str) -> Call | None:
    """Return the call in the frame; None for what is none: an answer, or nothing that can be read."""
    try:
        frame = orjson.loads(raw.lstrip("\ufeff"))
    except orjson.JSONDecodeError:
        return None
    if not isinstance(frame, list) or len(frame) < 3 or str(frame[0]) != str(CALL) or isinstance(frame[0], bool):
        return None
    message_id, action, payload = frame[1], frame[2], frame[3] if len(frame) > 3 else {}
    if not isinstance(message_id, str | int) or not isinstance(action, str):
        return None
    return Call(str(message_id)[:LONGEST_ID], action[:LONGEST_ACTION], payload if isinstance(payload, dict) else None)


def result(message_id: str, payload: dict[str, Any]) -> str:
    """Return the answer to a call."""
    return orjson.dumps([RESULT, message_id, payload]).decode()


def error(message_id: str, code: str, description: str) -> str:
    """Return the refusal of a call. Some stations stop at a refusal without details, so there are always some."""
    return orjson.dumps([ERROR, message_id, code, description[:255], {}]).decode()


def text(payload: dict[str, Any], name: str, longest: int = 64) -> str:
    """Return a field as text, without blanks around it; empty when it is missing or no text or number."""
    value = payload.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).replace("\x00", "").strip()[:longest]


def whole(payload: dict[str, Any], name: str) -> int | None:
    """Return a field as a whole number, also when it came as text or with decimals; None when it is none."""
    value = payload.get(name)
    if isinstance(value, bool):
        return None
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return round(number) if math.isfinite(number) and abs(number) < 2**53 else None


def without_cards(raw: str) -> str:
    """Return the frame with only the end of each card's number in it."""
    return _CARD.sub(lambda found: f'{found[1]}…{found[2][-4:]}"', raw)
