"""What is told a station and nobody else may read: passwords in addresses and in settings.

A command shows them as `…`. The rest is sealed for the one process that has the station's connection: HPKE (RFC 9180)
with X25519, HKDF-SHA-256 and AES-128-GCM. That process makes its key as it starts and keeps it in its memory alone,
so what was sealed for it opens nowhere else, nor in any copy of the database.
"""

import re
from collections.abc import Mapping
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

HIDDEN = "…"
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)
_ABOUT = b"wattledger:station command"
#: A name and a password in an address, also where JSON writes its slashes with signs before them.
_NAME_AND_PASSWORD = re.compile(r"((?:\\*/){2})[^/@\s\"\\]+@")
_PRIVATE = re.compile(r"pass(word|wd|phrase)|secret|(private|api)_?key|sim_?pin", re.IGNORECASE)


class Unreadable(Exception):
    """It was sealed for another process, or has been changed."""


class Key:
    """The key of this process."""

    def __init__(self) -> None:
        self._private = X25519PrivateKey.generate()
        self.public = self._private.public_key().public_bytes_raw().hex()

    def open(self, box: bytes) -> dict[str, Any]:
        """Return what was sealed. Raises `Unreadable`."""
        try:
            found: dict[str, Any] = orjson.loads(_SUITE.decrypt(box, self._private, _ABOUT))
        except (InvalidTag, ValueError) as error:
            raise Unreadable from error
        return found


def seal(hidden: Mapping[str, Any], public: str) -> bytes:
    """Seal for the process whose public key this is."""
    key = X25519PublicKey.from_public_bytes(bytes.fromhex(public))
    return _SUITE.encrypt(orjson.dumps(dict(hidden)), key, _ABOUT)


def masked(text: str) -> str:
    """Return a text without the names and passwords of the addresses in it."""
    return _NAME_AND_PASSWORD.sub(rf"\1{HIDDEN}@", text)


def shown(setting: str, value: str) -> str:
    """Return what may be shown of a setting's value."""
    return HIDDEN if value and _PRIVATE.search(setting) else masked(value)


def apart(wanted: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what belongs to a command as anybody may see it, and by name what must be hidden."""
    seen = {name: masked(value) if isinstance(value, str) else value for name, value in wanted.items()}
    if "key" in wanted:
        seen["value"] = shown(str(wanted["key"]), str(wanted.get("value", "")))
    return seen, {name: value for name, value in wanted.items() if seen[name] != value}
