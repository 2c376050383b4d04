"""What stations say, and are asked with a card, as it is kept: sealed, since numbers of cards may stand anywhere in it.

A text is kept as `version (1), name of the key (4), salt (16), text and tag`: AES-256-GCM (NIST SP 800-38D) with a key
of the text's own, made by the salt (HMAC-SHA-256) of what is the operator's of a key of marks (`CARD_KEYS`). So it is
used once, however many frames come. Column and operator are the associated data. An empty text stays empty, and a
text's length shows.

The gateway seals with the keys by which it finds cards. Its database role reads no frame back.
"""

import hmac
import os
from collections.abc import Sequence
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from charging.domain.ocpp import v16, v201
from charging.domain.ocpp.frames import Answer, Call, Complaint

_VERSION = b"\x02"
_NAME, _SALT = 4, 16
_NAMED = len(_VERSION) + _NAME
_HEADER = _NAMED + _SALT
_ONCE = bytes(12)  # the nonce: each key seals one text
#: The columns of the database that hold such texts.
FRAME, CHARGED_WITH = "charging_stationmessage.raw", "charging_stationcharge.id_tag"
ASKED_WITH, ANSWERED = "charging_stationcommand.id_tag", "charging_stationcommand.answer"
SIGNED, SET_TO = "charging_signedrecord.raw", "charging_stationcommand.value"
#: What a partner gave us to prove ourselves with.
PROVEN_BY = "charging_partnerlink.token"


class Unreadable(Exception):
    """It was changed or moved, or its key is not listed."""


def seal(text: str, column: str, operator_id: int, keys: Sequence[bytes]) -> bytes:
    """Seal with the newest of the keys, which comes first. column: table and column."""
    if not text:
        return b""
    salt = os.urandom(_SALT)
    sealed = _cipher(keys[0], operator_id, salt).encrypt(_ONCE, text.encode(), _about(column, operator_id))
    return _VERSION + _name(keys[0]) + salt + sealed


def unseal(box: bytes, column: str, operator_id: int, keys: Sequence[bytes]) -> str:
    """Return what was sealed. Raises `Unreadable`, and never returns anything else instead."""
    if not box:
        return ""
    key = next((key for key in keys if box.startswith(_VERSION + _name(key))), None)
    if key is None:
        raise Unreadable
    try:
        cipher = _cipher(key, operator_id, box[_NAMED:_HEADER])
        return cipher.decrypt(_ONCE, box[_HEADER:], _about(column, operator_id)).decode()
    except (InvalidTag, ValueError) as error:
        raise Unreadable from error


def beginning(keys: Sequence[bytes]) -> bytes:
    """Return how everything begins that was sealed with the newest key."""
    return _VERSION + _name(keys[0])


def card_in(said: Call | Answer | Complaint | None) -> str:
    """Return the card that a frame names, in either version; empty when it names none."""
    payload = said.payload if isinstance(said, Call) and said.payload else {}
    return v16.id_tag(payload) or v201.id_tag(payload)


@cache
def _name(key: bytes) -> bytes:
    return hmac.digest(key, b"name", "sha256")[:_NAME]


@cache
def _of_operator(key: bytes, operator_id: int) -> bytes:
    return hmac.digest(key, f"said:{operator_id}".encode(), "sha256")


def _cipher(key: bytes, operator_id: int, salt: bytes) -> AESGCM:
    return AESGCM(hmac.digest(_of_operator(key, operator_id), salt, "sha256"))


def _about(column: str, operator_id: int) -> bytes:
    return f"{column}:{operator_id}".encode()
