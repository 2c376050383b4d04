"""Spreadsheets (XLSX, also XLS and ODS) as rows of text.

A number becomes its shortest decimal text, which is what the person who typed it sees; an instant becomes ISO text,
rounded to the second because spreadsheets store days as floating point. The whole sheet is in memory while it is
read: a sheet has at most 1,048,576 rows, and the unpacked size is checked first.
"""

import datetime as dt
import io
import zipfile
from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from charging.domain.errors import Code, UnreadableFile
from charging.ingest.damaged_text import repaired
from charging.ingest.headers import best_header, recognised
from charging.ingest.raw import RawChunk, check_columns, chunk_of_cells, unique_names
from charging.ingest.sheet_sizes import DAMAGED_ARCHIVE, check_workbook
from charging.ingest.sizes import SIZES, Sizes

_ROWS_OF_A_CHUNK = 50_000
_CELLS_OF_A_CHUNK = 1_000_000


class XlsxFile:
    """The sheet of a workbook that holds sessions: the first whose first rows name any.

    Raises:
        UnreadableFile: it is not a workbook, is empty, or larger than what is read.
    """

    kind = "xlsx"

    def __init__(self, stored: BinaryIO, *, decimal_sign: str | None = None, sizes: Sizes = SIZES) -> None:
        self._sheet = _sheet_with_sessions(_workbook(stored, sizes), sizes)
        self._decimal_sign = decimal_sign or "."
        beginning = [(line, self._texts(cells)) for line, cells in _first_filled(self._sheet)]
        if not beginning:
            raise UnreadableFile(Code.SHEET_EMPTY)
        self._header_line, written = best_header(beginning, sizes.columns)
        while written and not written[-1]:
            written.pop()
        check_columns(len(written), line=self._header_line, sizes=sizes)
        self.header = unique_names(written)
        self._read = 0

    def chunks(self) -> Iterator[RawChunk]:
        rows = islice(_rows(self._sheet), self._header_line, None)
        self._read, nothing = 0, [""] * self._sheet.width
        at_once = max(1, min(_ROWS_OF_A_CHUNK, _CELLS_OF_A_CHUNK // max(1, self._sheet.width)))
        while part := list(islice(rows, at_once)):
            self._read += len(part)
            cells = ((line, self._texts(row)) for line, row in part if row != nothing)
            said = [(line, texts) for line, texts in cells if any(map(str.strip, texts))]
            yield chunk_of_cells(said, self.header, blank_lines=len(part) - len(said))

    def done(self) -> float:
        return min(1.0, self._read / max(1, self._sheet.total_height - 1))

    def _texts(self, cells: list[Any]) -> list[str]:
        return [text_of(cell, self._decimal_sign) for cell in cells]


def text_of(cell: Any, decimal_sign: str = ".") -> str:
    """Return what a cell says, as a text export of the same sheet would have it."""
    match cell:
        case None:
            text = ""
        case bool():
            text = str(cell).lower()
        case float():
            text = _number(cell, decimal_sign)
        case dt.datetime():
            text = _instant(cell)
        case dt.date() | dt.time():
            text = cell.isoformat()
        case _:
            text = repaired(str(cell))
    return text


def _instant(value: dt.datetime) -> str:
    try:
        rounded = value + dt.timedelta(microseconds=500_000)
    except OverflowError:  # the last second of the year 9999
        rounded = value
    return rounded.replace(microsecond=0).isoformat(" ")


def _number(value: float, decimal_sign: str) -> str:
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return repr(value).replace(".", decimal_sign)


def _workbook(stored: BinaryIO, sizes: Sizes) -> CalamineWorkbook:
    stored.seek(0)
    content = io.BytesIO(stored.read())
    try:
        if zipfile.is_zipfile(content):
            check_workbook(content, sizes)
        content.seek(0)
        return CalamineWorkbook.from_filelike(content)
    except (CalamineError, *DAMAGED_ARCHIVE) as problem:
        raise UnreadableFile(Code.NOT_A_WORKBOOK, problem=str(problem)) from problem


def _sheet_with_sessions(workbook: CalamineWorkbook, sizes: Sizes) -> CalamineSheet:
    try:
        sheets = [workbook.get_sheet_by_name(name) for name in workbook.sheet_names]
    except (CalamineError, *DAMAGED_ARCHIVE) as problem:
        raise UnreadableFile(Code.NOT_A_WORKBOOK, problem=str(problem)) from problem
    filled = [sheet for sheet in sheets if sheet.height > 0]
    if not filled:
        raise UnreadableFile(Code.WORKBOOK_WITHOUT_ROWS)
    return max(filled, key=lambda sheet: _known_headings(sheet, sizes))


def _known_headings(sheet: CalamineSheet, sizes: Sizes) -> int:
    return max(recognised(list(map(text_of, cells[: sizes.columns]))) for _, cells in _first_filled(sheet))


def _first_filled(sheet: CalamineSheet) -> Iterator[tuple[int, list[Any]]]:
    nothing = [""] * sheet.width
    return islice((row for row in _rows(sheet) if row[1] != nothing), 10)


def _rows(sheet: CalamineSheet) -> Iterator[tuple[int, list[Any]]]:
    """Yield the rows with their numbers, also the empty ones above the first filled one."""
    return enumerate(sheet.iter_rows(), start=1)
