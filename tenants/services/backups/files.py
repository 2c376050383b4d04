"""The store of files as one stream (tar), and back, with one digest over the names, lengths and contents of all."""

import hashlib
import os
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, Self

from django.apps import apps
from django.conf import settings
from django.db import connection, models

#: Read from or written to a disk at once.
AT_ONCE = 1 << 20


class OddName(Exception):
    """A stream names a file outside the store."""


@dataclass(slots=True)
class Packed:
    """What a stream of files held."""

    files: int = 0
    bytes: int = 0
    digest: str = hashlib.sha256().hexdigest()

    def add(self, name: str, size: int, sha256: str) -> None:
        """Count one more file; the digest is a chain, in the order of the stream."""
        self.files += 1
        self.bytes += size
        self.digest = hashlib.sha256(f"{self.digest}\0{name}\0{size}\0{sha256}".encode()).hexdigest()

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> Self:
        """Return what `dataclasses.asdict` wrote."""
        return cls(int(said["files"]), int(said["bytes"]), str(said["digest"]))


def store() -> Path:
    """Return the folder that holds what rows name."""
    return Path(settings.MEDIA_ROOT)


def unfound() -> int:
    """Return how many files that rows name are not in the store: some, where it lies on another machine."""
    fields = [field for model in apps.get_models() for field in model._meta.concrete_fields]
    count = 0
    with connection.cursor() as cursor:
        for field in fields:
            if isinstance(field, models.FileField):
                column, table = field.column, field.model._meta.db_table
                cursor.execute(f'SELECT "{column}" FROM "{table}" WHERE "{column}" <> %s', [""])  # noqa: S608  # our own names
                count += sum(not (store() / name).is_file() for (name,) in cursor)
    return count


@contextmanager
def packing() -> Iterator[tuple[IO[bytes], Packed]]:
    """Give all files as a stream, and what they are: full when the stream has been read to its end.

    A file that goes meanwhile is left out; one that changes is as long as it was when its turn came.
    """
    packed = Packed()
    with _piped(lambda to: _pack(to, packed)) as stream:
        yield stream, packed


@contextmanager
def unpacking(into: Path) -> Iterator[tuple[IO[bytes], Packed]]:
    """Take a stream of files into a folder, and count what came.

    Raises:
        OddName: one would lie outside it.
        tarfile.ReadError: it is no such stream, or ends too early.
    """
    packed = Packed()
    with _drained(lambda stream: _unpack(stream, into, packed)) as to:
        yield to, packed


def _pack(to: IO[bytes], packed: Packed) -> None:
    root = store()
    with tarfile.open(fileobj=to, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        for folder, folders, names in os.walk(root):
            folders.sort()
            for name in sorted(names):
                path = Path(folder) / name
                try:
                    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
                except OSError:
                    continue  # gone meanwhile, or a link: ours are neither
                with open(descriptor, "rb") as file:
                    info = tarfile.TarInfo(path.relative_to(root).as_posix())
                    info.size = os.fstat(descriptor).st_size
                    content = _Exactly(file, info.size)
                    tar.addfile(info, content)  # it asks for `read` alone
                packed.add(info.name, info.size, content.sha256.hexdigest())


class _Exactly:
    """Reads as many bytes as were promised, whatever becomes of the file: zeros where it ends too early."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file, self._left = file, size
        self.sha256 = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        wanted = self._left if size < 0 else min(size, self._left)
        data = self._file.read(wanted).ljust(wanted, b"\0")
        self._left -= wanted
        self.sha256.update(data)
        return data


def _unpack(stream: IO[bytes], into: Path, packed: Packed) -> None:
    with tarfile.open(fileobj=stream, mode="r|") as tar:
        for info in tar:
            name = PurePosixPath(info.name)
            if not info.isreg() or name.is_absolute() or ".." in name.parts:
                raise OddName(f"The stream of files names {info.name!r}.")
            path = into / name
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            content = tar.extractfile(info)
            assert content is not None
            digest = hashlib.sha256()
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                while data := content.read(AT_ONCE):
                    digest.update(data)
                    file.write(data)
            packed.add(info.name, info.size, digest.hexdigest())
    while stream.read(AT_ONCE):
        pass  # what fills up the last block


# --- a pipe with somebody at its other end ---


@contextmanager
def _piped(write: Callable[[IO[bytes]], None]) -> Iterator[IO[bytes]]:
    """Give what `write` writes, in a thread, as a stream. Its error is raised when the stream was read."""
    end, other = os.pipe()
    with _beside(write, other, "wb") as failed, open(end, "rb") as stream:
        yield stream
    _raise(failed)


@contextmanager
def _drained(read: Callable[[IO[bytes]], None]) -> Iterator[IO[bytes]]:
    """Give a stream that `read` reads, in a thread. Its error is raised when the stream was closed."""
    other, end = os.pipe()
    broken: BrokenPipeError | None = None
    with _beside(read, other, "rb") as failed:
        try:
            with open(end, "wb") as stream:
                yield stream
        except BrokenPipeError as error:
            broken = error  # the reader has ended, and says why
    _raise(failed)
    if broken:
        raise broken


@contextmanager
def _beside(act: Callable[[IO[bytes]], None], descriptor: int, mode: str) -> Iterator[list[Exception]]:
    failed: list[Exception] = []

    def run() -> None:
        try:
            with open(descriptor, mode) as stream:
                act(stream)
        except Exception as error:  # raised by whoever waits
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield failed
    finally:
        thread.join()


def _raise(failed: list[Exception]) -> None:
    if failed:
        raise failed[0]
