"""OCPP-J: a message as a frame of JSON, `[2, id, action, {…}]` for a call, `[3, id, {…}]` for its answer.

OCPP 2.1 (part 4, 4.1) adds `[6, id, action, {…}]`, which wants no answer, and `[5, id, code, text, {…}]`, which says
that an answer could not be used.
"""

import math
import re
from dataclasses import dataclass
from typing import Any

import orjson

from charging.domain import card_numbers

CALL, RESULT, ERROR, RESULT_ERROR, SEND = 2, 3, 4, 5, 6
LONGEST_ID = 64
LONGEST_ACTION = 50
_CARD = re.compile(r'("(?:idTag|parentIdTag|idToken)"\s*:\s*")((?:[^"\\]|\\.)*)"')
#: In what a meter signed, which is JSON within a text of JSON.
_SIGNED_CARD = re.compile(r'(\\"ID\\"\s*:\s*\\")([^"\\]*)')


@dataclass(frozen=True, slots=True)
class Call:
    """A message of a station. payload: None when it is no object. wants_answer: not so of what is only sent (2.1)."""

    message_id: str
    action: str
    payload: dict[str, Any] | None
    wants_answer: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """What a station answers to a message of ours. payload: None when it is no object. error: a code, else empty."""

    message_id: str
    payload: dict[str, Any] | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Complaint:
    """That a station cannot use what it was answered to its message of that id (2.1). error: a code."""

    message_id: str
    error: str


def read(raw: str) -> Call | Answer | Complaint | None:
    """Return what stands in the frame; None where nothing can be read."""
    try:
        frame = orjson.loads(raw.lstrip("\ufeff"))
    except orjson.JSONDecodeError:
        return None
    if not isinstance(frame, list) or len(frame) < 3 or not isinstance(frame[1], str | int):
        return None
    kind, message_id, third = str(frame[0]), str(frame[1])[:LONGEST_ID], frame[2]
    if kind in {str(CALL), str(SEND)} and isinstance(third, str):
        payload = _object(frame[3] if len(frame) > 3 else {})
        return Call(message_id, third[:LONGEST_ACTION], payload, wants_answer=kind == str(CALL))
    return _about_an_answer(kind, message_id, third)


def _about_an_answer(kind: str, message_id: str, third: Any) -> Answer | Complaint | None:
    if kind == str(RESULT):
        return Answer(message_id, _object(third))
    said = str(third).replace("\x00", "")[:LONGEST_ACTION] or "GenericError"
    if kind == str(ERROR):
        return Answer(message_id, None, said)
    return Complaint(message_id, said) if kind == str(RESULT_ERROR) else None


def _object(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


def call(message_id: str, action: str, payload: dict[str, Any]) -> str:
    """Return a message of ours to a station."""
    return orjson.dumps([CALL, message_id, action, payload]).decode()


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
    """Return the frame with each card's number in it masked."""
    bare = _CARD.sub(lambda found: f'{found[1]}{_masked(found[2])}"', raw)
    return _SIGNED_CARD.sub(lambda found: f"{found[1]}{_masked(found[2])}", bare)


def _masked(written: str) -> str:
    """A card as JSON writes it, masked; a sign before another is none of its own."""
    return card_numbers.masked(written.replace("\\", ""))
