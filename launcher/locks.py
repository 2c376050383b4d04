"""Who owns a state folder, and who uses the servers that stand on it.

Two advisory locks, both freed by the kernel when their holder ends in whatever way:

* `lock`: exclusive, held by the one process that started the servers.
* `users`: shared, held by every process that uses them. Whoever started the servers for a single
  command takes it exclusively before stopping them, and so waits for the others.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Busy(Exception):
    """Somebody else owns the state. The message is how he introduced himself: `bin/run, process 7`."""


@contextmanager
def own(folder: Path, title: str) -> Iterator[None]:
    """Own the state folder. Raises `Busy` at once when another process does."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not _take(descriptor):
            raise Busy(os.pread(descriptor, 200, 0).decode(errors="replace").strip() or "another process")
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{title}, process {os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int) -> bool:
    """Take the exclusive lock. `is_owned` holds it for a blink, hence a few tries."""
    for pause_s in (0.05, 0.1, 0.15, 0):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(pause_s)
        else:
            return True
    return False


def is_owned(folder: Path) -> bool:
    """Whether some process, possibly this one, owns the state folder."""
    try:
        with (folder / "lock").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True


@contextmanager
def use(folder: Path) -> Iterator[int]:
    """Be counted as a user of the servers. Yields the descriptor that carries the lock."""
    descriptor = os.open(folder / "users", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait until nobody uses the servers, and keep newcomers waiting meanwhile."""
    descriptor = os.open(folder / "users", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
