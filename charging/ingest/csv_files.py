"""Delimited text in chunks, with exact line numbers.

Two ways through, one result. A block of lines without a quotation mark and with the same number of delimiters on
every line is handed to Polars as a whole (millions of rows a second). Any other block goes through the `csv` module
row by row, which knows quoted line breaks and says on which line each row began. Which way a block takes is proven by
counting, so no row can be lost or joined on the fast way.

A quotation mark that is never closed would swallow the rest of the file: such a row is set aside and reading goes on
with the line after it.
"""

import csv
import io
from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO

import polars as pl

from charging.domain.errors import Code, UnreadableFile
from charging.domain.reasons import Reject
from charging.ingest.headers import best_header, recognised
from charging.ingest.lines import BoundedLines
from charging.ingest.raw import BrokenRow, RawChunk, check_columns, chunk_of_cells, unique_names
from charging.ingest.sizes import SIZES, Sizes
from charging.ingest.text import DAMAGED, encoding_of, reader

DELIMITERS = (";", ",", "\t", "|")
_LINES_OF_ONE_ROW = 50
#: Signs of ASCII by which a cell may say something else than it shows.
_NOT_PLAIN = bytes(code for code in (*range(32), 0x27, 0x7F) if code != 0x0A)


class CsvFile:
    """A delimited text file. See the module's text.

    Raises:
        UnreadableFile: it is empty, or not text in the encoding it was said to be in.
    """

    kind = "csv"

    def __init__(
        self, stored: BinaryIO, *, delimiter: str | None = None, encoding: str | None = None, sizes: Sizes = SIZES
    ) -> None:
        self._stored = stored
        self._sizes = sizes
        self.encoding = encoding or encoding_of(stored, sizes)
        beginning = self._beginning()
        self.delimiter = delimiter or sniffed_delimiter(beginning, sizes)
        self._header_line, written = _header(beginning, self.delimiter, sizes)
        if sum(map(len, beginning)) + len(beginning) > sizes.heading + 1 and self._header_line >= len(beginning):
            raise UnreadableFile(Code.HEADING_TOO_LONG, line=self._header_line, most=sizes.heading)
        check_columns(len(written), line=self._header_line, sizes=sizes)
        self.header = unique_names(written)
        self._size = stored.seek(0, io.SEEK_END)
        self._not_plain = _NOT_PLAIN.translate(None, self.delimiter.encode())

    def chunks(self) -> Iterator[RawChunk]:
        try:
            with reader(self._stored, self.encoding, self._sizes) as text:
                yield from self._chunks(BoundedLines(text, longest=self._sizes.line, newline="\n"))
        except (UnicodeDecodeError, *DAMAGED) as problem:
            raise UnreadableFile(Code.FILE_NOT_OF_ENCODING, encoding=self.encoding, problem=str(problem)) from problem

    def done(self) -> float:
        return min(1.0, self._stored.tell() / self._size) if self._size else 1.0

    def _beginning(self) -> list[str]:
        try:
            with reader(self._stored, self.encoding, self._sizes) as text:
                beginning = text.read(self._sizes.heading + 1).split("\n")
        except (UnicodeDecodeError, LookupError, *DAMAGED) as problem:
            raise UnreadableFile(Code.FILE_NOT_OF_ENCODING, encoding=self.encoding, problem=str(problem)) from problem
        if not any(line.strip() for line in beginning):
            raise UnreadableFile(Code.FILE_EMPTY)
        return beginning

    def _chunks(self, text: "BoundedLines[str]") -> Iterator[RawChunk]:
        for _ in range(self._header_line):
            text.readline()
        line = self._header_line + 1
        while block := text.block(self._sizes.chunk):
            if '"' in block:
                lines = _Lines(block, text, line)
                chunk = self._by_row(lines)
                line = lines.next_line
            else:
                count = block.count("\n") + (not block.endswith("\n"))
                chunk = self._whole(block, line, count) or self._cut(block, line)
                line += count
            yield _with_too_long(chunk, text)

    def _by_row(self, lines: "_Lines") -> RawChunk:
        rows: list[tuple[int, list[str]]] = []
        broken, blank, csv_rows = [], 0, csv.reader(lines, delimiter=self.delimiter, strict=True)
        while lines.waiting:
            first_line = lines.begin_row()
            cells = _next_row(csv_rows, lines)
            if cells is None:
                broken.append(BrokenRow(first_line, (lines.give_back(),), Reject.UNREADABLE_ROW))
                csv_rows = csv.reader(lines, delimiter=self.delimiter, strict=True)
            elif any(map(str.strip, cells)):
                rows.append((first_line, cells))
            else:
                blank += 1
        chunk = chunk_of_cells(rows, self.header, blank_lines=blank)
        chunk.broken.extend(broken)
        return chunk

    def _whole(self, block: str, line: int, count: int) -> RawChunk | None:
        """Return a chunk read in one go, or None where not every line has exactly the columns of the header."""
        if block.count(self.delimiter) != count * (len(self.header) - 1):
            return None
        content = block.encode()
        try:
            frame = pl.read_csv(
                content,
                has_header=False,
                new_columns=self.header,
                separator=self.delimiter,
                quote_char=None,
                infer_schema=False,
                empty_string_is_null=False,
                raise_if_empty=False,
            )
        except pl.exceptions.PolarsError:
            return None
        if frame.shape != (count, len(self.header)):
            return None
        plain = len(content) == len(block) == len(content.translate(None, self._not_plain))
        return _without_blank(RawChunk(pl.int_range(line, line + count, eager=True), frame, plain=plain))

    def _cut(self, block: str, line: int) -> RawChunk:
        rows, blank = [], 0
        for number, text in enumerate(block.removesuffix("\n").split("\n"), start=line):
            cells = text.split(self.delimiter)
            if any(map(str.strip, cells)):
                rows.append((number, cells))
            else:
                blank += 1
        return chunk_of_cells(rows, self.header, blank_lines=blank)


def _without_blank(chunk: RawChunk) -> RawChunk:
    """Return the chunk without the rows that hold nothing between their delimiters."""
    first = chunk.frame.to_series(0)
    if not (first.str.strip_chars() == "").any():
        return chunk
    said = chunk.frame.select(pl.any_horizontal(pl.all().str.strip_chars() != "")).to_series()
    if said.all():
        return chunk
    lines, frame = chunk.lines.filter(said), chunk.frame.filter(said)
    return RawChunk(lines, frame, chunk.broken, int((~said).sum()), chunk.plain)


class _Lines:
    """The lines of a block, and of the file after it as long as a row that began in the block is not complete."""

    def __init__(self, block: str, text: "BoundedLines[str]", first_line: int) -> None:
        self._waiting = deque(io.StringIO(block, newline="\n"))
        self._text = text
        self._row: list[str] = []
        self.next_line = first_line
        self.cut_short = False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else self._text.readline()
        if not line:
            self.cut_short = bool(self._row)
            raise StopIteration
        self._row.append(line)
        self.next_line += 1
        if len(self._row) > _LINES_OF_ONE_ROW:
            raise _EndlessRow
        return line

    @property
    def waiting(self) -> bool:
        return bool(self._waiting)

    def begin_row(self) -> int:
        self._row.clear()
        self.cut_short = False
        return self.next_line

    def give_back(self) -> str:
        """Keep the first line of an unreadable row, put the others back, and return the first."""
        first, *others = self._row
        self._waiting.extendleft(reversed(others))
        self.next_line -= len(others)
        return first.rstrip("\n")


class _EndlessRow(Exception):
    """A row goes on for more lines than any row does: its quotation mark is never closed."""


def _next_row(csv_rows: Iterator[list[str]], lines: _Lines) -> list[str] | None:
    """Return the next row, or None if it cannot be read or has no end."""
    try:
        cells = next(csv_rows)
    except (csv.Error, _EndlessRow):
        return None
    return None if lines.cut_short else cells


def _with_too_long(chunk: RawChunk, text: "BoundedLines[str]") -> RawChunk:
    """Return the chunk with the lines that were left out for their length, which it holds as blank ones."""
    if not text.too_long:
        return chunk
    broken = [BrokenRow(line, (beginning,), Reject.LINE_TOO_LONG) for line, beginning in text.too_long]
    text.too_long.clear()
    blank = max(0, chunk.blank_lines - len(broken))
    return RawChunk(chunk.lines, chunk.frame, [*chunk.broken, *broken], blank, chunk.plain)


def sniffed_delimiter(beginning: list[str], sizes: Sizes = SIZES) -> str:
    """Return the delimiter under which the first lines make the most sense as a table of sessions."""
    return max(DELIMITERS, key=lambda delimiter: _sense(beginning, delimiter, sizes))


def _sense(beginning: list[str], delimiter: str, sizes: Sizes) -> tuple[int, int]:
    rows = _first_rows(beginning, delimiter)
    if not rows:
        return 0, 0
    widths = [len(cells) for _, cells in rows]
    usual = max(set(widths), key=widths.count)
    known = max(recognised(cells[: sizes.columns]) for _, cells in rows)
    return known, widths.count(usual) * (usual > 1)


def _header(beginning: list[str], delimiter: str, sizes: Sizes) -> tuple[int, list[str]]:
    """Return the line the header ends on and its cells, found among the first rows.

    Raises:
        UnreadableFile: no line says anything between its delimiters.
    """
    rows = _first_rows(beginning, delimiter)[:10]
    if not rows:
        raise UnreadableFile(Code.FILE_OF_DELIMITERS)
    return best_header(rows, sizes.columns)


def _first_rows(beginning: list[str], delimiter: str) -> list[tuple[int, list[str]]]:
    rows = csv.reader((f"{line}\n" for line in beginning[:60]), delimiter=delimiter)
    return [(rows.line_num, cells) for cells in islice(rows, 25) if any(map(str.strip, cells))]
