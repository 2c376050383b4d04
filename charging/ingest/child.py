"""What the process that `apart` starts does with a file of sessions; `tenants.strangers` shuts it in."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from io import BytesIO
from typing import Any, BinaryIO

import polars as pl

from charging.ingest import placeholders
from charging.ingest.convert import Batch, Converter
from charging.ingest.csv_files import CsvFile
from charging.ingest.layout import Layout
from charging.ingest.raw import RawChunk, Source
from charging.ingest.reading import Reading, understood
from charging.ingest.sizes import Sizes
from charging.ingest.sources import opened
from tenants.bounds import tidy
from tenants.strangers import inside
from tenants.strangers.inside import Messages

#: Rows and refused rows of a look that are told one by one.
SHOWN = 20


def _look(stored: BinaryIO, job: dict[str, Any]) -> Messages:
    """Understand a file and try its first rows."""
    sizes = Sizes.from_json(job["sizes"])
    reading = understood(stored, _layout(job), home_zone=job["home_zone"], sizes=sizes)
    yield {"look": _reading(reading, sizes)}, []
    if not reading.questions:
        batch = Converter(reading.layout, at=datetime.fromisoformat(job["at"])).convert(reading.sample)
        told = {"rejected": len(batch.rejected), "reasons": [row.reasons[0] for row in batch.rejected]}
        told |= {"refused_rows": _refused(batch, sizes, most=SHOWN), "placeholders": _placeholders(reading, sizes)}
        yield told, [_written(batch.accepted)]


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
    yield message, [_written(frame) for frame in (batch.accepted, raw.lines.to_frame("line"), raw.frame)]


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


def _placeholders(reading: Reading, sizes: Sizes) -> list[Any]:
    found = placeholders.in_chunk(reading.sample, reading.layout)
    return [(one.fact, *_shown([one.column, one.text], sizes.shown), one.rows, one.line) for one in found]


def _refused(batch: Batch, sizes: Sizes, *, most: int | None = None) -> list[Any]:
    cut = sizes.shown if most else sizes.kept
    return [
        (row.line, _shown(row.cells[: 2 * sizes.columns], cut), row.reasons, row.energy_wh)
        for row in batch.rejected[:most]
    ]


def _shown(cells: Iterable[str | None], most: int) -> list[str]:
    return [tidy((cell or "")[:most]) for cell in cells]


def _written(frame: pl.DataFrame) -> bytes:
    content = BytesIO()
    frame.write_ipc(content)
    return content.getvalue()


if __name__ == "__main__":
    inside.work({"look": _look, "convert": _convert})
