"""Read strangers' files in a process of their own (`child`), so that nothing in a file can harm who asked for it.

A parser that runs out of memory or time, or aborts, ends its own process only; here that becomes `UnreadableFile` with
a code. What comes back are checked columns, never the file.
"""

import fcntl
import logging
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import orjson
import polars as pl

from charging.domain import errors
from charging.domain.errors import ChargingError, Code, UnreadableFile
from charging.domain.local_time import known_zone
from charging.domain.reasons import Reject
from charging.ingest.convert import Batch, Refused
from charging.ingest.evidence import Asks, Open, Question
from charging.ingest.layout import Field, Layout
from charging.ingest.raw import RawChunk
from charging.ingest.sizes import Sizes

log = logging.getLogger(__name__)

_ROOT = Path(__file__).resolve().parents[2]
#: Nothing of the caller's environment: it holds keys and passwords. One thread is enough for chunks of this size.
_ENVIRONMENT = {"POLARS_MAX_THREADS": "1", "LC_ALL": "C.UTF-8"}
_COMMAND = (sys.executable, "-s", "-m", "charging.ingest.child")
_BLOCK = 1 << 20
_LONGEST_ANSWER = 1 << 29
#: Bytes that say how long a message is.
LENGTH = 8


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one process may use: memory in MB, seconds of processor time, seconds without a sign of life."""

    memory_mb: int
    processor_s: int
    silence_s: int


#: The bounds of every file.
SIZES = Sizes()
#: A look reads as much of a file as proves how it is written, at worst all of it; an import always reads all of it.
LOOK = Allowance(memory_mb=2_048, processor_s=60, silence_s=150)
IMPORT = Allowance(memory_mb=2_048, processor_s=1_800, silence_s=240)


@dataclass(frozen=True, slots=True)
class Looked:
    """What a first look at a file found; see `reading.Reading`.

    as_text: delimiter and encoding of a text file, so that later looks need not find them out. cells: the first rows
    as they stand, cut for showing. While there are `questions` the rest is empty: `accepted` are the sessions of the
    first rows, `refused` the first of the `rejected` rows.
    """

    layout: Layout
    as_text: dict[str, str]
    confidence: dict[Field, float]
    questions: list[Question]
    kind: str
    header: list[str]
    cells: list[tuple[int, tuple[str, ...]]]
    rows: int
    whole: bool
    accepted: pl.DataFrame | None = None
    rejected: int = 0
    reasons: tuple[Reject, ...] = ()
    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True, slots=True)
class Converted:
    """A chunk of a file as it came back: its rows as text, what became of them, and how much of the file is read."""

    first_line: int
    raw: RawChunk
    batch: Batch
    done: float


def look(
    stored: BinaryIO, layout: Layout | None, *, home_zone: str, at: datetime, sizes: Sizes | None = None
) -> Looked:
    """Understand a file as far as possible and try its first rows.

    Raises:
        UnreadableFile: it cannot be read, or not within the limits. WrongColumns: the layout does not fit it.
        ChargingError: there is no such time zone.
    """
    if layout and layout.time_zone:
        known_zone(layout.time_zone)
    job = {
        "do": "look",
        "layout": layout and layout.to_json(),
        "home_zone": home_zone,
        "at": at,
        "sizes": sizes or SIZES,
    }
    with _process(stored, job, LOOK) as answers:
        first, _ = next(answers)
        found = _looked(first["look"])
        for said, (accepted,) in answers:
            found = replace(
                found,
                accepted=accepted,
                rejected=said["rejected"],
                reasons=tuple(map(Reject, said["reasons"])),
                refused=tuple(map(_refused, said["refused_rows"])),
            )
    return found


@contextmanager
def converted(
    stored: BinaryIO, layout: Layout, *, at: datetime, skip: list[int], sizes: Sizes | None = None
) -> Iterator[Iterator[Converted]]:
    """Yield the chunks of a file, converted, but for those that begin on the lines to skip.

    Raises, while they are taken:
        UnreadableFile: it cannot be read to its end, or not within the limits.
    """
    job = {"do": "convert", "layout": layout.to_json(), "at": at, "skip": skip, "sizes": sizes or SIZES}
    with _process(stored, job, IMPORT) as answers:
        yield (_converted(said, *frames) for said, frames in answers)


Answer = tuple[dict[str, Any], list[pl.DataFrame]]


@contextmanager
def _process(stored: BinaryIO, job: dict[str, Any], allowed: Allowance) -> Iterator[Iterator[Answer]]:
    with _real_file(stored) as file, _started(file) as process:
        limits = {"file": file.fileno(), "memory": allowed.memory_mb << 20, "seconds": allowed.processor_s}
        sizes = {"sizes": job["sizes"].to_json()}
        assert process.stdin  # a pipe was asked for
        process.stdin.write(orjson.dumps(job | sizes | limits) + b"\n")
        process.stdin.close()
        yield _answers(process, allowed)


@contextmanager
def _real_file(stored: BinaryIO) -> Iterator[BinaryIO]:
    """Lend a file that another process can be handed."""
    try:
        stored.fileno()
    except OSError:
        with tempfile.TemporaryFile() as copy:
            stored.seek(0)
            copy.write(stored.read())
            copy.flush()
            yield copy
    else:
        yield stored


@contextmanager
def _started(file: BinaryIO) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(  # noqa: S603  # our own module
        _COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pass_fds=[file.fileno()],
        env=_ENVIRONMENT,
        cwd=_ROOT,
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
        if "refused" in said:
            raise _refusal(said)
        if "broken" in said:
            _give_up(said, allowed)
        yield said, [pl.read_ipc(pipe.exactly(size)) for size in said["frames"]]
    if process.wait() != 0:
        _say_why(-process.returncode, allowed)


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
            raise UnreadableFile(Code.READING_ANSWER_TOO_LONG)
        found = bytearray()
        while len(found) < size and (block := self._more(size - len(found))):
            found += block
        return bytes(found)

    def _more(self, most: int) -> bytes:
        if not self._waiting.poll(max(0.0, self._until - time.monotonic()) * 1_000):
            raise UnreadableFile(Code.READING_SILENT, wait_s=self._silence_s)
        return os.read(self._fd, min(most, _BLOCK))


def _refusal(said: dict[str, Any]) -> ChargingError:
    kind: type[ChargingError] = getattr(errors, said["refused"], UnreadableFile)
    return kind(said["code"], **said["facts"])


def _give_up(said: dict[str, Any], allowed: Allowance) -> NoReturn:
    if said["broken"] == "memory":
        _say_why(signal.SIGABRT, allowed)
    log.error("A file could not be read: %s at %s.", said["broken"], said["where"])
    raise UnreadableFile(Code.FILE_UNREADABLE)


def _say_why(number: int, allowed: Allowance) -> NoReturn:
    log.warning("A process that read a file was ended by signal %s.", number)
    if number < 0:  # a status of its own: it never came to the file
        raise UnreadableFile(Code.FILE_UNREADABLE)
    if number == signal.SIGXCPU:
        raise UnreadableFile(Code.READING_TOO_SLOW, wait_s=allowed.processor_s)
    raise UnreadableFile(Code.READING_TOO_LARGE, limit=allowed.memory_mb)


def _looked(said: dict[str, Any]) -> Looked:
    return Looked(
        layout=Layout.from_json(said["layout"]),
        as_text=said["as_text"],
        confidence={Field(fact): sure for fact, sure in said["confidence"].items()},
        questions=[question_of(question) for question in said["questions"]],
        kind=said["kind"],
        header=said["header"],
        cells=[(line, tuple(cells)) for line, cells in said["cells"]],
        rows=said["rows"],
        whole=said["whole"],
    )


def question_of(said: dict[str, Any]) -> Question:
    """Return the question that data describes."""
    return Question(
        Open(said["about"]),
        Asks(said["asks"]),
        said["example"],
        tuple(said["choices"]),
        said["suggestion"],
        Field(said["fact"]) if said["fact"] else None,
    )


def _refused(said: list[Any]) -> Refused:
    line, cells, reasons, energy_wh = said
    return Refused(line, tuple(cells), tuple(map(Reject, reasons)), energy_wh)


def _converted(said: dict[str, Any], accepted: pl.DataFrame, lines: pl.DataFrame, frame: pl.DataFrame) -> Converted:
    batch = Batch(accepted, list(map(_refused, said["rejected"])), said["rows"], said["last_line"], said["blank_lines"])
    return Converted(said["first_line"], RawChunk(lines["line"], frame), batch, said["done"])
