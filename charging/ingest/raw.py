"""Rows as they stand in a file: text in named columns, with the line each one begins on.

Every reader (`csv_files`, `xlsx_files`, `json_lines`) yields the same `RawChunk`s, so everything after it works on
columns of text and never asks where they came from. A chunk is a few megabytes: memory does not grow with the file.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl

from charging.domain.errors import Code, UnreadableFile
from charging.domain.reasons import Reject
from charging.ingest.sizes import SIZES, Sizes
from tenants.bounds import tidy

_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A row that could not even be cut into the columns of its file."""

    line: int
    cells: tuple[str, ...]
    reason: Reject


@dataclass(frozen=True, slots=True)
class RawChunk:
    """Some consecutive rows. `lines[i]` is the line of the file on which row `i` of `frame` begins.

    plain: whether it is known that no text holds anything but ASCII, an apostrophe or a control sign, so that nobody
    need look for them column by column.
    """

    lines: pl.Series
    frame: pl.DataFrame
    broken: list[BrokenRow] = field(default_factory=list)
    blank_lines: int = 0
    plain: bool = False

    @property
    def rows(self) -> int:
        """All rows that say something, readable or not."""
        return self.frame.height + len(self.broken)

    def head(self, rows: int) -> "RawChunk":
        """Return the first readable rows."""
        return RawChunk(self.lines.head(rows), self.frame.head(rows), plain=self.plain)

    @property
    def first_line(self) -> int:
        """The first line a row of this chunk begins on."""
        return min(int(line) for line in [*self.lines.head(1), *(row.line for row in self.broken)])

    @property
    def last_line(self) -> int:
        """The last line a row of this chunk begins on."""
        readable = int(self.lines[-1]) if len(self.lines) else 0
        return max([readable, *(row.line for row in self.broken)])


class Source(Protocol):
    """A file of sessions, opened: its columns and its rows, in chunks."""

    kind: str
    header: list[str]

    def chunks(self) -> Iterator[RawChunk]:
        """Yield all rows from the beginning. May be called again."""

    def done(self) -> float:
        """Say which part of the file the running `chunks` has read, from 0 to 1."""


def check_columns(found: int, *, line: int, sizes: Sizes = SIZES) -> None:
    """Refuse a header that is wider than any layout is.

    Raises:
        UnreadableFile: it has more columns than are read.
    """
    if found > sizes.columns:
        raise UnreadableFile(Code.FILE_TOO_WIDE, line=line, columns=found, most=sizes.columns)


def unique_names(header: Sequence[str]) -> list[str]:
    """Return names for all columns: empty ones are numbered, repeated ones told apart, unfit signs replaced."""
    names: list[str] = []
    for number, written in enumerate(header, start=1):
        name = " ".join(tidy(written[:_LONGEST_NAME]).split()) or f"column {number}"
        while name in names:
            name = f"{name} ({number})"
        names.append(name)
    return names


def chunk_of_cells(rows: list[tuple[int, list[str]]], header: list[str], *, blank_lines: int = 0) -> RawChunk:
    """Return a chunk of rows cut into cells, setting aside those that do not fit the header.

    A short row is filled up with empty cells: what is missing is then said field by field. A long one may be shifted
    by a stray delimiter, so it is refused unless its surplus cells are empty.
    """
    width = len(header)
    lines, fitting, broken = [], [], []
    for line, cells in rows:
        if len(cells) < width:
            cells.extend([""] * (width - len(cells)))
        elif len(cells) > width and any(cells[width:]):
            broken.append(BrokenRow(line, tuple(cells), Reject.TOO_MANY_CELLS))
            continue
        lines.append(line)
        fitting.append(cells[:width])
    columns = list(zip(*fitting, strict=True)) if fitting else [()] * width
    frame = pl.DataFrame(
        {name: pl.Series(name, column, dtype=pl.String) for name, column in zip(header, columns, strict=True)}
    )
    return RawChunk(pl.Series("line", lines, dtype=pl.Int64), frame, broken, blank_lines)
