"""The process in which a stranger's file is read: alone, without secrets, within limits, for one file.

It is started by `apart`, which says on standard input what to do and passes the opened file; it answers on standard
output and ends. It knows no Django, no database and no settings, its environment is empty, it may write no file, and
what kills it, kills nobody else. A message is its length in
eight bytes, JSON, and as many bytes of columns as the JSON announces.
"""

import ctypes
import os
import resource
import sys
import traceback
from collections.abc import Iterable, Iterator
from datetime import datetime
from io import BytesIO
from typing import Any, BinaryIO

import orjson
import polars as pl

from charging.domain.errors import ChargingError
from charging.ingest.convert import Batch, Converter
from charging.ingest.csv_files import CsvFile
from charging.ingest.layout import Layout
from charging.ingest.raw import RawChunk, Source
from charging.ingest.reading import Reading, understood
from charging.ingest.sizes import Sizes
from charging.ingest.sources import opened
from tenants.bounds import tidy

#: Rows and refused rows of a look that are told one by one.
SHOWN = 20
_NO_NEW_PRIVILEGES = 38


def main() -> None:
    """Do the one job that standard input names."""
    job = orjson.loads(sys.stdin.buffer.readline())
    _shut_in(memory=job["memory"], seconds=job["seconds"])
    with os.fdopen(job["file"], "rb") as stored:
        try:
            for message, frames in _JOBS[job["do"]](stored, job):
                _send(message, frames)
        except ChargingError as problem:
            _send({"refused": type(problem).__name__, "code": problem.code, "facts": problem.facts})
        except MemoryError:
            _send({"broken": "memory"})
        except BaseException as problem:  # also a panic of native code; whatever it is, it ends here
            _send({"broken": type(problem).__name__, "where": _where(problem)})


def _shut_in(*, memory: int, seconds: int) -> None:
    """Take on the limits; they cannot be raised again."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    ctypes.CDLL(None).prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)


Messages = Iterable[tuple[dict[str, Any], list[pl.DataFrame]]]


def _look(stored: BinaryIO, job: dict[str, Any]) -> Messages:
    """Understand a file and try its first rows."""
    sizes = Sizes.from_json(job["sizes"])
    reading = understood(stored, _layout(job), home_zone=job["home_zone"], sizes=sizes)
    yield {"look": _reading(reading, sizes)}, []
    if not reading.questions:
        batch = Converter(reading.layout, at=datetime.fromisoformat(job["at"])).convert(reading.sample)
        told = {"rejected": len(batch.rejected), "reasons": [row.reasons[0] for row in batch.rejected]}
        yield told | {"refused_rows": _refused(batch, sizes, most=SHOWN)}, [batch.accepted]


def _convert(stored: BinaryIO, job: dict[str, Any]) -> Messages:
    """Convert a file chunk by chunk, leaving out those that begin on lines the job skips."""
    sizes, layout, skip = Sizes.from_json(job["sizes"]), _layout(job), set(job["skip"])
    source = opened(stored, layout, sizes)
    converter = Converter(layout or Layout({}), at=datetime.fromisoformat(job["at"]))
    for raw in source.chunks():
        if raw.rows and (first_line := raw.first_line) not in skip:
            yield from _converted(converter.convert(raw), raw, first_line, source, sizes)


def _converted(batch: Batch, raw: RawChunk, first_line: int, source: Source, sizes: Sizes) -> Iterator[Any]:
    message = {
        "first_line": first_line,
        "last_line": batch.last_line,
        "rows": batch.rows,
        "blank_lines": batch.blank_lines,
        "rejected": _refused(batch, sizes),
        "done": source.done(),
    }
    yield message, [batch.accepted, raw.lines.to_frame("line"), raw.frame]


_JOBS = {"look": _look, "convert": _convert}


def _layout(job: dict[str, Any]) -> Layout | None:
    return Layout.from_json(job["layout"]) if job["layout"] is not None else None


def _reading(reading: Reading, sizes: Sizes) -> dict[str, Any]:
    source, sample = reading.source, reading.sample
    first = zip(sample.lines.head(SHOWN), sample.frame.head(SHOWN).iter_rows(), strict=True)
    return {
        "layout": reading.layout.to_json(),
        "as_text": {"delimiter": source.delimiter, "encoding": source.encoding} if isinstance(source, CsvFile) else {},
        "confidence": reading.confidence,
        "questions": [
            {
                "about": question.about,
                "asks": question.asks,
                "example": question.example,
                "choices": question.choices,
                "suggestion": question.suggestion,
                "fact": question.fact,
            }
            for question in reading.questions
        ],
        "kind": source.kind,
        "header": source.header,
        "cells": [(line, _shown(cells, sizes.shown)) for line, cells in first],
        "rows": sample.rows,
        "whole": reading.whole,
    }


def _refused(batch: Batch, sizes: Sizes, *, most: int | None = None) -> list[Any]:
    cut = sizes.shown if most else sizes.kept
    return [
        (row.line, _shown(row.cells[: 2 * sizes.columns], cut), row.reasons, row.energy_wh)
        for row in batch.rejected[:most]
    ]


def _shown(cells: Iterable[str | None], most: int) -> list[str]:
    return [tidy((cell or "")[:most]) for cell in cells]


def _send(message: dict[str, Any], frames: Iterable[pl.DataFrame] = ()) -> None:
    written = [_written(frame) for frame in frames]
    out = sys.stdout.buffer
    said = orjson.dumps(message | {"frames": [len(frame) for frame in written]}, option=orjson.OPT_NON_STR_KEYS)
    out.write(len(said).to_bytes(8) + said)
    for frame in written:
        out.write(frame)
    out.flush()


def _written(frame: pl.DataFrame) -> bytes:
    content = BytesIO()
    frame.write_ipc(content)
    return content.getvalue()


def _where(problem: BaseException) -> str:
    """Return where a problem arose, in files and lines only: its text may hold what stands in the file."""
    frames = traceback.extract_tb(problem.__traceback__)[-3:]
    return " > ".join(f"{os.path.basename(frame.filename)}:{frame.lineno}" for frame in frames)


if __name__ == "__main__":
    main()
