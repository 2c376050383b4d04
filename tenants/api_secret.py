"""The text of an API key: `wl_live_<key id>_<secret>`.

The key id names the row and is no secret. The secret is 256 random bits in 43 letters and digits: nobody guesses
it, so a plain SHA-256 of it is enough at rest, where a password would need a slow hash. The fixed beginning lets
scanners of source code find a key that was published by mistake.
"""

import hashlib
import re
import secrets
import string

BEGINNING = "wl_live_"
_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_KEY_ID, _SECRET, _SECRET_BITS = 12, 43, 256
_WRITTEN = re.compile(rf"{BEGINNING}([0-9A-Za-z]{{{_KEY_ID}}})_([0-9A-Za-z]{{{_SECRET}}})")


def new_key_id() -> str:
    """Return a random name for a key: 71 bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_KEY_ID))


def new_secret() -> str:
    """Return 256 random bits in letters and digits."""
    number, written = secrets.randbits(_SECRET_BITS), []
    for _ in range(_SECRET):
        number, digit = divmod(number, len(_ALPHABET))
        written.append(_ALPHABET[digit])
    return "".join(written)


def written(key_id: str, secret: str) -> str:
    """Return the key as its holder sends it."""
    return f"{BEGINNING}{key_id}_{secret}"


def parsed(text: str) -> tuple[str, str] | None:
    """Return the key id and the secret; None for a text that is no key."""
    found = _WRITTEN.fullmatch(text)
    return (found[1], found[2]) if found else None


def digest(secret: str) -> str:
    """Return what is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()
