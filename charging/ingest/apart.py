"""Read files of sessions in a process of their own (`child`): what comes back are checked columns, never the file.

What ends such a process early becomes `UnreadableFile` with a code.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, BinaryIO

import polars as pl

from charging.domain import errors
from charging.domain.errors import ChargingError, Code, UnreadableFile
from charging.domain.local_time import known_zone
from charging.domain.reasons import Reject
from charging.ingest.convert import Batch, Refused
from charging.ingest.evidence import Asks, Open, Question
from charging.ingest.layout import Field, Layout
from charging.ingest.placeholders import Placeholder
from charging.ingest.raw import RawChunk
from charging.ingest.sizes import Sizes
from tenants.strangers import apart
from tenants.strangers.apart import Allowance, Ended, Why

_COMMAND = apart.command("charging.ingest.child")

#: The bounds of every file.
SIZES = Sizes()
#: A look reads as much of a file as proves how it is written, at worst all of it; an import always reads all of it.
LOOK = Allowance(memory_mb=2_048, processor_s=60, silence_s=150)
IMPORT = Allowance(memory_mb=2_048, processor_s=1_800, silence_s=240)


@dataclass(frozen=True, slots=True)
class Looked:
    """What a first check of a file found; see `reading.Reading`.

    as_text: delimiter and encoding of a text file, so that later looks need not find them out. cells: the first rows
    as they stand, cut for showing. While there are `questions` the rest is empty: `accepted` are the sessions of the
    first rows, `refused` the first of the `rejected` rows, `placeholders` what they say that was read as nothing.
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
    placeholders: tuple[Placeholder, ...] = ()


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
                placeholders=tuple(Placeholder(Field(fact), *rest) for fact, *rest in said["placeholders"]),
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
    with apart.reading(stored, _COMMAND, job | {"sizes": job["sizes"].to_json()}, allowed) as answers:
        yield _answers(answers, allowed)


def _answers(answers: Iterable[apart.Answer], allowed: Allowance) -> Iterator[Answer]:
    try:
        for said, parts in answers:
            if "refused" in said:
                raise _refusal(said)
            yield said, [pl.read_ipc(part) for part in parts]
    except Ended as end:
        raise _unreadable(end.why, allowed) from None


def _refusal(said: dict[str, Any]) -> ChargingError:
    kind: type[ChargingError] = getattr(errors, said["refused"], UnreadableFile)
    return kind(said["code"], **said["facts"])


def _unreadable(why: Why, allowed: Allowance) -> UnreadableFile:
    match why:
        case Why.SILENT:
            return UnreadableFile(Code.READING_SILENT, wait_s=allowed.silence_s)
        case Why.TOO_SLOW:
            return UnreadableFile(Code.READING_TOO_SLOW, wait_s=allowed.processor_s)
        case Why.TOO_LARGE:
            return UnreadableFile(Code.READING_TOO_LARGE, limit=allowed.memory_mb)
        case Why.ANSWER_TOO_LONG:
            return UnreadableFile(Code.READING_ANSWER_TOO_LONG)
        case _:
            return UnreadableFile(Code.FILE_UNREADABLE)


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
