"""Streams encrypted to public keys by age (https://age-encryption.org/v1): who writes them cannot read them."""

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyrage
from pyrage import x25519

PUBLIC, PRIVATE = "age1", "AGE-SECRET-KEY-1"


class BadKey(Exception):
    """A text is no key of the kind that is needed. It is not quoted: it may be a private one."""


class Unopened(Exception):
    """A stream does not open: another key, or changed bytes."""


@dataclass(frozen=True, slots=True)
class Part:
    """An encrypted file as it was written."""

    bytes: int
    sha256: str


class Digested:
    """Hands on what is written, counts and hashes it, and keeps the first error.

    age's stream flushes its last bytes where an error is lost; so `check` asks for it.
    """

    def __init__(self, to: IO[bytes]) -> None:
        self._to = to
        self._sha256 = hashlib.sha256()
        self._size = 0
        self._error: Exception | None = None

    def write(self, data: bytes) -> int:
        try:
            self._to.write(data)
        except Exception as error:
            self._error = self._error or error
            raise
        self._sha256.update(data)
        self._size += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing waits here."""

    def check(self) -> Part:
        """Return what was written. Raises the first error there was."""
        if self._error:
            raise self._error
        return Part(self._size, self._sha256.hexdigest())


def recipients(texts: Sequence[str]) -> list[Any]:
    """Read public keys (`age1…`).

    Raises:
        BadKey: naming the number of the first that is none.
    """
    found = []
    for number, text in enumerate(texts, start=1):
        if text.upper().startswith(PRIVATE):
            raise BadKey(
                f"key {number} is a private one: it belongs on another machine. The public one begins {PUBLIC}."
            )
        try:
            found.append(x25519.Recipient.from_str(text))
        except pyrage.RecipientError as error:
            raise BadKey(f"key {number} is no public key of age ({PUBLIC}…).") from error
    if not found:
        raise BadKey("there is no key.")
    return found


def identities(path: Path) -> list[Any]:
    """Read the private keys in a file, one a line; lines that begin with # are remarks.

    Raises:
        BadKey: it cannot be read, or a line is no private key.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadKey(f"{path} cannot be read as keys.") from error
    found = []
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if text and not text.startswith("#"):
            try:
                found.append(x25519.Identity.from_str(text))
            except pyrage.IdentityError as error:
                raise BadKey(f"{path}: line {number} is no private key of age.") from error
    if not found:
        raise BadKey(f"{path} holds no private key.")
    return found


def new_identity() -> tuple[str, str]:
    """Return a new private key and its public one."""
    identity = x25519.Identity.generate()
    return str(identity), str(identity.to_public())


def encrypt(plain: Any, path: Path, keys: Iterable[Any]) -> Part:
    """Encrypt a stream into a new file, for our own user alone, and wait until it is on the disk."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        sink = Digested(file)
        try:
            pyrage.encrypt_io(plain, sink, list(keys))
        except pyrage.EncryptError as error:
            sink.check()
            raise OSError(f"{path.name} could not be encrypted: {error}") from error
        part = sink.check()
        file.flush()
        os.fsync(file.fileno())
    return part


def decrypt(path: Path, to: IO[bytes], keys: Sequence[Any]) -> None:
    """Decrypt a file into a stream.

    Raises:
        Unopened: none of the keys opens it, or its bytes were changed or are too few. What was written until then is
            as it was encrypted, but not all of it.
    """
    sink = Digested(to)
    try:
        with path.open("rb") as file:
            pyrage.decrypt_io(file, sink, list(keys))
    except (pyrage.DecryptError, OSError) as error:
        sink.check()
        raise Unopened(f"{path.name} does not open: {error}.") from error
    sink.check()


def fingerprint(path: Path) -> Part:
    """Return what lies on the disk now."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Part(file.tell(), digest)
