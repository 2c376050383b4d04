"""XLSX: typed cells, one sheet of documents and as many of lines as Excel's limit of rows asks for.

Rows are pulled one by one through generators, so memory does not grow with the file. Text is always
written as text cells, so nothing in it can become a formula.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from rustpy_xlsxwriter import FastExcel, Format

Row = dict[str, Any]
#: Excel's rows without the header.
SHEET_ROWS: Final = 1_048_575
_PROPERTIES: Final = "docProps/core.xml"
_INSTANT: Final = re.compile(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet to be written: its rows and how many they are; beyond Excel's limit it goes on in a next one.

    moments: the columns of local times; other dates are days.
    """

    name: str
    columns: list[str]
    rows: Iterator[Row]
    count: int
    moments: frozenset[str] = frozenset()


def write(path: Path, sheets: list[Sheet]) -> None:
    """Write a workbook. The same rows give the same bytes: it does not say when it was made."""
    book = FastExcel(path).format(bold_headers=True, float_format="0.00####", datetime_format="yyyy-mm-dd")
    for sheet in sheets:
        rows = (_typed(row) for row in sheet.rows)
        parts = max(-(-sheet.count // SHEET_ROWS), 1)
        for number in range(1, parts + 1):
            title = sheet.name if number == 1 else f"{sheet.name} {number}"
            # The writer takes the sheets one after the other, so each part goes on where the last one stopped.
            part = islice(rows, SHEET_ROWS) if sheet.count else [dict.fromkeys(sheet.columns, "")]
            formats = {column: Format().set_num_format("yyyy-mm-dd hh:mm:ss") for column in sheet.moments}
            widths = {column: _width(column, sheet) for column in sheet.columns}
            book.sheet(title, part, autofilter=True, column_formats=formats, column_widths=widths)
    book.freeze(row=1).save()
    _undate(path)


def _width(column: str, sheet: Sheet) -> float:
    """Wide enough for the heading with its filter, and for what usually stands under it."""
    return max(len(column) + 4, 20 if column in sheet.moments else 12)


def _undate(path: Path) -> None:
    """Take the time of writing out; it stands near the end, so that little is written anew."""
    with ZipFile(path, "a", ZIP_DEFLATED) as archive:
        first = archive.namelist().index(_PROPERTIES)
        tail = archive.infolist()[first:]
        contents = [(info.filename, archive.read(info)) for info in tail]
        for info in tail:
            archive.filelist.remove(info)
            del archive.NameToInfo[info.filename]
        archive.start_dir = tail[0].header_offset  # where the next member goes
        for name, content in contents:
            undated = _INSTANT.sub(b"1980-01-01T00:00:00Z", content) if name == _PROPERTIES else content
            archive.writestr(ZipInfo(name), undated, ZIP_DEFLATED)


def _typed(row: Row) -> Row:
    """Dates stay dates; decimals become the numbers a spreadsheet has."""
    return {name: _cell(value) for name, value in row.items()}


def _cell(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    return value if value is None or isinstance(value, int | str | date) else str(value)
