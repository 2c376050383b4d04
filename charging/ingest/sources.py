"""Open any file of sessions by what it contains, not by how it is called."""

from typing import BinaryIO

from charging.domain.errors import Code, UnreadableFile
from charging.ingest.csv_files import CsvFile
from charging.ingest.json_lines import JsonLinesFile
from charging.ingest.layout import Layout
from charging.ingest.raw import Source
from charging.ingest.sizes import SIZES, Sizes
from charging.ingest.text import DAMAGED, unpacked
from charging.ingest.xlsx_files import XlsxFile

_ZIP, _OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


def opened(stored: BinaryIO, layout: Layout | None = None, sizes: Sizes = SIZES) -> Source:
    """Return the file's rows.

    Raises:
        UnreadableFile: it is neither a workbook nor JSON lines nor delimited text.
    """
    stored.seek(0)
    first = stored.read(4)
    decimal_sign = layout.decimal_sign if layout else None
    if first.startswith((_ZIP, _OLD_EXCEL)):
        return XlsxFile(stored, decimal_sign=decimal_sign, sizes=sizes)
    if _first_line(stored, sizes).lstrip(b"\xef\xbb\xbf \t").startswith((b"{", b"[")):
        return JsonLinesFile(stored, decimal_sign=decimal_sign, sizes=sizes)
    return CsvFile(
        stored,
        delimiter=layout.delimiter if layout else None,
        encoding=layout.encoding if layout else None,
        sizes=sizes,
    )


def _first_line(stored: BinaryIO, sizes: Sizes) -> bytes:
    plain = unpacked(stored, sizes)
    try:
        return next((line for line in iter(lambda: plain.readline(sizes.line + 1), b"") if line.strip()), b"")
    except DAMAGED as problem:
        raise UnreadableFile(Code.FILE_DAMAGED, problem=str(problem)) from problem
