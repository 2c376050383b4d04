"""Keys that lie wrapped by an operator's key, each as what it is of."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tenants.crypto import Unreadable

_NONCE = 12


def wrapping(key: bytes, *, info: bytes = b"wattledger:person-keys") -> AESGCM:
    """What wraps keys, made of an operator's key or of one that it wraps. info: which keys; no key serves two uses."""
    return AESGCM(HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(key))


def wrap(with_: AESGCM, key: bytes, about: str) -> bytes:
    """Wrap a key."""
    nonce = os.urandom(_NONCE)
    return nonce + with_.encrypt(nonce, key, about.encode())


def unwrap(with_: AESGCM, wrapped: bytes, about: str) -> bytes:
    """Return a key. Raises `Unreadable` when it was wrapped by another, or as another's."""
    try:
        return with_.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], about.encode())
    except (InvalidTag, ValueError) as error:
        raise Unreadable(f"{about} does not open.") from error
