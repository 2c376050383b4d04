"""Secrets at rest: encryption with the instance's keys, and signatures that a stranger can check.

The keys come from `settings.ENCRYPTION_KEYS`, newest first, and are never in the database: who steals a
backup has neither second factors nor the means to forge a seal. A new key is put first; what an older
one encrypted stays readable while that one is listed. From each key others are derived by HKDF
(RFC 5869), one a purpose, so that no key serves two.

AES-256-GCM (NIST SP 800-38D) with random nonces of 96 bits. The associated data names the row and field:
a ciphertext moved to another row does not open there. Form: version (1), key id (4), nonce (12), text and tag.
"""

import os
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_VERSION = b"\x01"
_KEY_ID, _NONCE = 4, 12


class Unreadable(Exception):
    """A ciphertext does not open: a wrong or missing key, another row's text, or changed bytes."""


class Shut(Unreadable):
    """What is kept of somebody erased opens for bookkeeping alone (`tenants.bookkeeping`), and not after its day."""


def encrypt(plain: bytes, *, about: str) -> bytes:
    """Encrypt with the newest key. `about` names the row and field, such as `totp:17`; it is needed to decrypt."""
    key = settings.ENCRYPTION_KEYS[0]
    nonce = os.urandom(_NONCE)
    return _VERSION + _key_id(key) + nonce + AESGCM(_derived(key, "encryption")).encrypt(nonce, plain, about.encode())


def decrypt(text: bytes, *, about: str) -> bytes:
    """Return what was encrypted about this row and field.

    Raises:
        Unreadable: never returns anything else instead.
    """
    text = bytes(text)
    start = len(_VERSION) + _KEY_ID
    known = {_key_id(key): key for key in settings.ENCRYPTION_KEYS}
    key = known.get(text[len(_VERSION) : start])
    if text[: len(_VERSION)] != _VERSION or key is None:
        raise Unreadable(f"No listed key opens {about}.")
    try:
        return AESGCM(_derived(key, "encryption")).decrypt(
            text[start : start + _NONCE], text[start + _NONCE :], about.encode()
        )
    except (InvalidTag, ValueError) as error:
        raise Unreadable(f"{about} does not open.") from error


def is_current(text: bytes) -> bool:
    """Tell whether the newest key encrypted this; if not, encrypting it again lets an older one go."""
    start = len(_VERSION)
    return bytes(text)[start : start + _KEY_ID] == _key_id(settings.ENCRYPTION_KEYS[0])


def signing_key() -> Ed25519PrivateKey:
    """Return the key that signs now (Ed25519, RFC 8032), derived from the newest key."""
    return Ed25519PrivateKey.from_private_bytes(_derived(settings.ENCRYPTION_KEYS[0], "signature"))


def signing_keys() -> list[Ed25519PrivateKey]:
    """Return the signing keys of all listed keys, newest first: what an older one signed is still ours."""
    return [Ed25519PrivateKey.from_private_bytes(_derived(key, "signature")) for key in settings.ENCRYPTION_KEYS]


def text_keys() -> dict[int, bytes]:
    """Return the keys of texts that are about nobody's row yet, by number, newest first (`tenants.sealed_fields`)."""
    return {int.from_bytes(_key_id(key)): _derived(key, "texts") for key in settings.ENCRYPTION_KEYS}


def index_keys() -> list[bytes]:
    """Return the keys of blind indexes (`tenants.blind_index`), newest first."""
    return [_derived(key, "blind index") for key in settings.ENCRYPTION_KEYS]


def card_keys() -> list[bytes]:
    """Return the keys of the marks by which cards are found that are read somewhere, newest first.

    What stations say is sealed with them as well (`charging.domain.ocpp.keeping`).

    The gateway, which has no key of the instance, is given these (`CARD_KEYS`).
    """
    return [_derived(key, "cards") for key in settings.ENCRYPTION_KEYS]


def search_key() -> bytes:
    """Return the key that marks words which are searched (`tenants.search.terms`), derived from the newest key."""
    return _derived(settings.ENCRYPTION_KEYS[0], "search")


def newest_key_name() -> str:
    """Return what tells the newest key from the others, and says nothing of it."""
    return _key_id(settings.ENCRYPTION_KEYS[0]).hex()


def key_names() -> list[str]:
    """Return what tells all listed keys from others, newest first."""
    return [_key_id(key).hex() for key in settings.ENCRYPTION_KEYS]


def _key_id(key: bytes) -> bytes:
    return _derived(key, "name")[:_KEY_ID]


@cache
def _derived(key: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=f"wattledger:{purpose}".encode()).derive(key)
