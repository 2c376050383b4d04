"""XLSX: typed cells, one sheet of documents and as many of lines as Excel's limit of rows asks for.

Rows are pulled one by one through generators, so memory does not grow with the file. Text is always
written as text cells, so nothing in it can become a formula.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, Final

from rustpy_xlsxwriter import FastExcel

Row = dict[str, Any]
#: Excel's rows without the header.
SHEET_ROWS: Final = 1_048_575


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet to be written: its rows and how many they are; beyond Excel's limit it goes on in a next one."""

    name: str
    columns: list[str]
    rows: Iterator[Row]
    count: int


def write(path: Path, sheets: list[Sheet]) -> None:
    """Write a workbook."""
    book = FastExcel(path).format(bold_headers=True, float_format="0.00####", datetime_format="yyyy-mm-dd")
    for sheet in sheets:
        rows = (_typed(row) for row in sheet.rows)
        parts = max(-(-sheet.count // SHEET_ROWS), 1)
        for number in range(1, parts + 1):
            title = sheet.name if number == 1 else f"{sheet.name} {number}"
            # The writer takes the sheets one after the other, so each part goes on where the last one stopped.
            part = islice(rows, SHEET_ROWS) if sheet.count else [dict.fromkeys(sheet.columns, "")]
            book.sheet(title, part, autofilter=True)
    book.freeze(row=1).save()


def _typed(row: Row) -> Row:
    """Dates stay dates; decimals become the numbers a spreadsheet has."""
    return {name: _cell(value) for name, value in row.items()}


def _cell(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    return value if value is None or isinstance(value, int | str | date) else str(value)
