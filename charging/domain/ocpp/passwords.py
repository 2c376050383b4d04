"""The password of a station: made here, shown once, and of it only a salted hash kept.

Forty hexadecimal signs, 160 random bits: OCPP 1.6 gives it to a station as twenty bytes written so, OCPP 2.0.1 as text
of at most forty signs. Nobody guesses it, so the hash need not be as slow as that of a person's password; five thousand
stations that come back at once after an outage must not cost minutes of a processor.
"""

import hashlib
import hmac
import secrets

_ROUNDS = 2_000  # about half a millisecond


def new() -> str:
    """Return a new password."""
    return secrets.token_hex(20)


def kept(password: str) -> str:
    """Return what is kept of a password."""
    salt = secrets.token_hex(16)
    return f"{_ROUNDS}${salt}${_digest(password, salt, _ROUNDS)}"


def matches(given: bytes, kept: str) -> bool:
    """Whether this is the password: as the text, or as the bytes that the text stands for, as some stations send it."""
    rounds, salt, digest = kept.split("$") if kept else (str(_ROUNDS), "", "")
    found = [_digest(text, salt, int(rounds)) for text in (given.decode("utf-8", "replace"), given.hex())]
    return any(hmac.compare_digest(each, digest) for each in found)


def _digest(password: str, salt: str, rounds: int) -> str:
    return hashlib.pbkdf2_hmac("sha256", password.lower().encode(), salt.encode(), rounds).hex()
