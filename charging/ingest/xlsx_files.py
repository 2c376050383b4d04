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

from charging.domain.errors import UnreadableFile
from charging.ingest.headers import recognised
from charging.ingest.raw import RawChunk, chunk_of_cells, unique_names
from charging.ingest.text import LARGEST_UNPACKED

_ROWS_OF_A_CHUNK = 50_000


class XlsxFile:
    """The sheet of a workbook that holds sessions: the first whose first rows name any.

    Raises:
        UnreadableFile: it is not a workbook, is empty, or would unpack to more than a gigabyte.
    """

    kind = "xlsx"

    def __init__(self, stored: BinaryIO, *, decimal_sign: str | None = None) -> None:
        self._sheet = _sheet_with_sessions(_workbook(stored))
        self._decimal_sign = decimal_sign or "."
        beginning = [(line, self._texts(cells)) for line, cells in islice(self._rows(), 10)]
        if not beginning:
            raise UnreadableFile("The sheet is empty.")
        self._header_line, written = max(beginning, key=lambda row: (recognised(row[1]), -row[0]))
        while written and not written[-1]:
            written.pop()
        self.header = unique_names(written)
        self._read = 0

    def chunks(self) -> Iterator[RawChunk]:
        rows = (row for row in self._rows() if row[0] > self._header_line)
        self._read = 0
        while part := list(islice(rows, _ROWS_OF_A_CHUNK)):
            self._read += len(part)
            cells = [(line, self._texts(row)) for line, row in part]
            said = [(line, texts) for line, texts in cells if any(map(str.strip, texts))]
            yield chunk_of_cells(said, self.header, blank_lines=len(cells) - len(said))

    def done(self) -> float:
        return min(1.0, self._read / max(1, self._sheet.height - 1))

    def _rows(self) -> Iterator[tuple[int, list[Any]]]:
        start = self._sheet.start
        return enumerate(self._sheet.iter_rows(), start=start[0] + 1 if start else 1)

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
            text = (cell + dt.timedelta(microseconds=500_000)).replace(microsecond=0).isoformat(" ")
        case dt.date() | dt.time():
            text = cell.isoformat()
        case _:
            text = str(cell)
    return text


def _number(value: float, decimal_sign: str) -> str:
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return repr(value).replace(".", decimal_sign)


def _workbook(stored: BinaryIO) -> CalamineWorkbook:
    stored.seek(0)
    content = io.BytesIO(stored.read())
    try:
        if zipfile.is_zipfile(content) and _unpacked_size(content) > LARGEST_UNPACKED:
            raise UnreadableFile("The workbook is larger than 1 GB when unpacked. Save it as CSV.")
        content.seek(0)
        return CalamineWorkbook.from_filelike(content)
    except (CalamineError, zipfile.BadZipFile, ValueError) as problem:
        raise UnreadableFile(f"The file is not a workbook that can be read: {problem}.") from problem


def _unpacked_size(content: io.BytesIO) -> int:
    with zipfile.ZipFile(content) as archive:
        return sum(entry.file_size for entry in archive.infolist())


def _sheet_with_sessions(workbook: CalamineWorkbook) -> CalamineSheet:
    try:
        sheets = [workbook.get_sheet_by_name(name) for name in workbook.sheet_names]
    except CalamineError as problem:
        raise UnreadableFile(f"The file is not a workbook that can be read: {problem}.") from problem
    filled = [sheet for sheet in sheets if sheet.height > 0]
    if not filled:
        raise UnreadableFile("The workbook has no sheet with rows.")
    return max(filled, key=_known_headings)


def _known_headings(sheet: CalamineSheet) -> int:
    return max(recognised([text_of(cell) for cell in row]) for row in islice(sheet.iter_rows(), 10))
