"""Open any file of sessions by what it contains, not by how it is called."""

from typing import BinaryIO

from charging.domain.errors import UnreadableFile
from charging.ingest.csv_files import CsvFile
from charging.ingest.json_lines import JsonLinesFile, object_of
from charging.ingest.layout import Layout
from charging.ingest.raw import Source
from charging.ingest.text import DAMAGED, unpacked
from charging.ingest.xlsx_files import XlsxFile

_ZIP, _OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


def opened(stored: BinaryIO, layout: Layout | None = None) -> Source:
    """Return the file's rows.

    Raises:
        UnreadableFile: it is neither a workbook nor JSON lines nor delimited text.
    """
    stored.seek(0)
    first = stored.read(4)
    decimal_sign = layout.decimal_sign if layout else None
    if first.startswith((_ZIP, _OLD_EXCEL)):
        return XlsxFile(stored, decimal_sign=decimal_sign)
    if object_of(_first_line(stored)) is not None:
        return JsonLinesFile(stored, decimal_sign=decimal_sign)
    return CsvFile(
        stored,
        delimiter=layout.delimiter if layout else None,
        encoding=layout.encoding if layout else None,
    )


def _first_line(stored: BinaryIO) -> bytes:
    plain = unpacked(stored)
    try:
        return next((line for line in iter(lambda: plain.readline(1_000_000), b"") if line.strip()), b"")
    except DAMAGED as problem:
        raise UnreadableFile(f"The compressed file is damaged: {problem}.") from problem
