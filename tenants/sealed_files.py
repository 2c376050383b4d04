"""Files at rest, sealed with the key of the operator they belong to; read again by stretches, from anywhere.

A file begins with a header (mark, the number of the operator's key, a random salt); its own key is derived from the
operator's by that salt (HKDF, RFC 5869), so that counters can be nonces. What follows is cut into stretches of 64 KiB,
each sealed by AES-256-GCM with its place in the file, whether it is the last, the header and the file's name as
associated data: a stretch that is moved, cut off, or laid into another file does not open.

Whose a file is says its name: `operators/<number>/…` or `imports/<number>/…`. A file that bears no mark was written
before there was a seal, and is read as it is until `bin/manage rotate_encryption` has sealed it.
"""

import io
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage

from tenants.crypto import Unreadable
from tenants.services import operator_keys
from tenants.services.operator_keys import OperatorsKey

MARK = b"WLF1"
_NUMBER, _SALT, _TAG = 8, 16, 16
HEADER = len(MARK) + _NUMBER + _SALT
STRETCH = 64 * 1024
SEALING = ".sealing"
_WHOSE = re.compile(r"(?:operators|imports)/(\d+)/")


class Ownerless(Exception):
    """The name of a file does not say which operator's it is, so there is no key for it."""


class SealedStorage(FileSystemStorage):
    """Keeps files sealed, and opens them for reading as what they were."""

    def _save(self, name: str, content: Any) -> str:
        sealed = _Sealing(content, _Seal.new(operator_keys.current(operator_of(name)), name))
        kept = str(super()._save(name, sealed))  # type: ignore[misc]
        if kept != name:  # the name is sealed in: two at once asked for the same one
            self.delete(kept)
            raise FileExistsError(name)
        return kept

    def _open(self, name: str, mode: str = "rb") -> File:  # type: ignore[type-arg]
        if mode != "rb":
            raise ValueError("Sealed files are written by `save` and read whole.")
        file: File[bytes] = super()._open(name, mode)  # type: ignore[misc]
        assert file.file is not None
        try:
            header = file.read(HEADER)
            if not header.startswith(MARK):
                file.seek(0)
                return file
            return File(io.BufferedReader(SealedReader(file.file, _Seal.read(header, name)), STRETCH), name)
        except BaseException:
            file.close()
            raise

    def size(self, name: str) -> int:
        """How long the file is for whoever reads it."""
        with self.open(name) as file:
            return int(file.seek(0, io.SEEK_END))


def operator_of(name: str) -> int:
    """Return whose a file is by its name. Raises `Ownerless` when it does not say."""
    found = _WHOSE.match(str(name).replace("\\", "/"))
    if found is None:
        raise Ownerless(f"{name} does not say whose it is.")
    return int(found[1])


@dataclass(frozen=True, slots=True)
class _Seal:
    """What opens one file. context: the header and the name, which every stretch is sealed with."""

    header: bytes
    key: AESGCM
    context: bytes

    @classmethod
    def new(cls, operators: OperatorsKey, name: str) -> "_Seal":
        return cls.of(operators, MARK + operators.number.to_bytes(_NUMBER) + os.urandom(_SALT), name)

    @classmethod
    def read(cls, header: bytes, name: str) -> "_Seal":
        if len(header) < HEADER:
            raise Unreadable(f"{name} is cut off.")
        number = int.from_bytes(header[len(MARK) : len(MARK) + _NUMBER])
        return cls.of(operator_keys.numbered(operator_of(name), number), header, name)

    @classmethod
    def of(cls, operators: OperatorsKey, header: bytes, name: str) -> "_Seal":
        hkdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=header[-_SALT:], info=b"wattledger:file")
        return cls(header, AESGCM(hkdf.derive(operators.key)), header + name.encode())

    def close(self, stretch: bytes, at: int, *, is_last: bool) -> bytes:
        return self.key.encrypt(at.to_bytes(12), stretch, self.context + bytes([is_last]))

    def open(self, sealed: bytes, at: int, *, is_last: bool) -> bytes:
        try:
            return self.key.decrypt(at.to_bytes(12), sealed, self.context + bytes([is_last]))
        except (InvalidTag, ValueError) as error:
            raise Unreadable("A stretch of a file does not open: it was changed, moved or cut off.") from error


class _Sealing(File):  # type: ignore[type-arg]
    """What a storage writes instead of the content it was given."""

    def __init__(self, content: Any, seal: _Seal) -> None:
        super().__init__(None, getattr(content, "name", None))
        self._content, self._seal = content, seal

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        yield self._seal.header
        at, waiting = 0, b""
        for chunk in self._content.chunks():
            waiting += chunk.encode() if isinstance(chunk, str) else bytes(chunk)
            while len(waiting) > STRETCH:  # the last stretch is known as such only at the end
                yield self._seal.close(waiting[:STRETCH], at, is_last=False)
                at, waiting = at + 1, waiting[STRETCH:]
        yield self._seal.close(waiting, at, is_last=True)


class SealedReader(io.RawIOBase):
    """Reads a sealed file from any place in it, a stretch at a time.

    Raises `Unreadable` instead of returning anything that was not sealed so.
    """

    def __init__(self, file: IO[bytes], seal: _Seal) -> None:
        self._file, self._seal, self._at = file, seal, 0
        sealed = os.fstat(file.fileno()).st_size - HEADER
        self._last = max(-(-sealed // (STRETCH + _TAG)) - 1, 0)
        self._size = sealed - (self._last + 1) * _TAG
        self._held: tuple[int, bytes] = (-1, b"")
        if self._size < 0:
            raise Unreadable("The file is cut off.")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence])
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        number, offset = divmod(self._at, STRETCH)
        if self._at >= self._size and self._size:
            return 0
        piece = self._stretch(min(number, self._last))[offset : offset + len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def _stretch(self, number: int) -> bytes:
        if self._held[0] != number:
            self._file.seek(HEADER + number * (STRETCH + _TAG))
            sealed = self._file.read(STRETCH + _TAG)
            self._held = number, self._seal.open(sealed, number, is_last=number == self._last)
        return self._held[1]

    def close(self) -> None:
        self._file.close()
        super().close()


def seal_again(storage: Storage, name: str) -> bool:
    """Seal a file with its operator's newest key, in place and at once; tell whether there was anything to do.

    A reader that has it open goes on with what it opened.

    Raises:
        Unreadable: it opens with no key; it is left as it is.
    """
    path = Path(storage.path(name))
    newest = operator_keys.current(operator_of(name))
    with path.open("rb") as file:
        header = file.read(HEADER)
    if header.startswith(MARK) and header[len(MARK) : len(MARK) + _NUMBER] == newest.number.to_bytes(_NUMBER):
        return False
    fresh = path.with_name(f".{path.name}{SEALING}")
    try:
        with (
            storage.open(name) as plain,
            open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as to,
        ):
            for chunk in _Sealing(plain, _Seal.new(newest, name)).chunks():
                to.write(chunk)
            to.flush()
            os.fsync(to.fileno())
        fresh.replace(path)
    finally:
        with suppress(FileNotFoundError):
            fresh.unlink()
    return True


def names(storage: Storage) -> Iterator[str]:
    """Yield the names of all files that belong to an operator."""
    root = Path(storage.path(""))
    for folder, folders, files in os.walk(root):
        folders.sort()
        for file in sorted(files):
            name = (Path(folder) / file).relative_to(root).as_posix()
            if _WHOSE.match(name) and not file.endswith(SEALING):
                yield name
