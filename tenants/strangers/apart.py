"""Start a process of its own for one file of a stranger, within limits, and take its answers.

A parser that runs out of memory or time, or aborts, ends its own process only; here that becomes `Ended`, with why. The
process has nothing of the caller's environment, which holds keys and passwords.
"""

import fcntl
import logging
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from tenants.strangers.inside import LENGTH

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]
#: One thread is enough for what one file takes.
ENVIRONMENT = {"POLARS_MAX_THREADS": "1", "LC_ALL": "C.UTF-8"}
_BLOCK = 1 << 20
_LONGEST_ANSWER = 1 << 29

#: A message and the bytes that came with it.
Answer = tuple[dict[str, Any], list[bytes]]


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one process may use: memory in MB, seconds of processor time, seconds without a sign of life."""

    memory_mb: int
    processor_s: int
    silence_s: int


class Why(StrEnum):
    """Why a process ended before its work was done."""

    BROKEN = "broken"
    SILENT = "silent"
    TOO_SLOW = "too slow"
    TOO_LARGE = "too large"
    ANSWER_TOO_LONG = "answer too long"


class Ended(Exception):
    """The process ended before its work was done."""

    def __init__(self, why: Why) -> None:
        super().__init__(str(why))
        self.why = why


def command(module: str) -> Sequence[str]:
    """How a module of ours is started, one that calls `inside.work`."""
    return (sys.executable, "-s", "-m", module)


@contextmanager
def reading(
    stored: BinaryIO, command: Sequence[str], job: Mapping[str, Any], allowed: Allowance
) -> Iterator[Iterator[Answer]]:
    """Lend a file to a process and yield what it answers to a job, one answer after another.

    Raises, while they are taken:
        Ended: it did not come to an end by itself.
    """
    with _real_file(stored) as file, _started(command, file) as process:
        limits = {"file": file.fileno(), "memory": allowed.memory_mb << 20, "seconds": allowed.processor_s}
        assert process.stdin  # a pipe was asked for
        process.stdin.write(orjson.dumps({**job, **limits}) + b"\n")
        process.stdin.close()
        yield _answers(process, allowed)


@contextmanager
def _real_file(stored: BinaryIO) -> Iterator[BinaryIO]:
    """Lend a file that another process can be handed."""
    try:
        stored.fileno()
    except OSError:
        with _in_memory() as copy:
            stored.seek(0)
            shutil.copyfileobj(stored, copy, _BLOCK)
            copy.flush()
            yield copy
    else:
        yield stored


def _in_memory() -> BinaryIO:
    """Return a file that lies on no disk, where the system has such: what is sealed at rest stays so."""
    if hasattr(os, "memfd_create"):
        return open(os.memfd_create("stored"), "w+b")
    return tempfile.TemporaryFile()  # the caller closes it


@contextmanager
def _started(command: Sequence[str], file: BinaryIO) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(  # noqa: S603  # our own module
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pass_fds=[file.fileno()],
        env=ENVIRONMENT,
        cwd=ROOT,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()


def _answers(process: "subprocess.Popen[bytes]", allowed: Allowance) -> Iterator[Answer]:
    pipe = _Pipe(process, allowed.silence_s)
    while (said := pipe.message()) is not None:
        if "broken" in said:
            raise Ended(_broken(said))
        yield said, [pipe.exactly(size) for size in said["parts"]]
    if process.wait() != 0:
        raise Ended(_ended_by(-process.returncode))


class _Pipe:
    """The answers of a process, waited for no longer than it may be silent.

    A process that dies in the middle of an answer has said nothing: what is cut off reads as the end.
    """

    def __init__(self, process: "subprocess.Popen[bytes]", silence_s: int) -> None:
        assert process.stdout  # a pipe was asked for
        self._silence_s = silence_s
        self._fd = process.stdout.fileno()
        fcntl.fcntl(self._fd, fcntl.F_SETPIPE_SZ, _BLOCK)
        self._waiting = select.poll()
        self._waiting.register(self._fd, select.POLLIN)
        self._until = time.monotonic()

    def message(self) -> dict[str, Any] | None:
        """Return the next message, None at the end."""
        self._until = time.monotonic() + self._silence_s
        size = int.from_bytes(self.exactly(LENGTH))
        written = self.exactly(size)
        return orjson.loads(written) if size and len(written) == size else None

    def exactly(self, size: int) -> bytes:
        """Return so many bytes, or fewer at the end."""
        if size > _LONGEST_ANSWER:
            raise Ended(Why.ANSWER_TOO_LONG)
        found = bytearray()
        while len(found) < size and (block := self._more(size - len(found))):
            found += block
        return bytes(found)

    def _more(self, most: int) -> bytes:
        if not self._waiting.poll(max(0.0, self._until - time.monotonic()) * 1_000):
            raise Ended(Why.SILENT)
        return os.read(self._fd, min(most, _BLOCK))


def _broken(said: dict[str, Any]) -> Why:
    if said["broken"] == "memory":
        return _ended_by(signal.SIGABRT)
    log.error("A file could not be read: %s at %s.", said["broken"], said["where"])
    return Why.BROKEN


def _ended_by(number: int) -> Why:
    log.warning("A process that read a file was ended by signal %s.", number)
    if number < 0:  # a status of its own: it never came to the file
        return Why.BROKEN
    return Why.TOO_SLOW if number == signal.SIGXCPU else Why.TOO_LARGE
