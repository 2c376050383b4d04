"""Open any file of sessions by what it contains, not by how it is called."""

from typing import BinaryIO

from charging.domain.errors import Code, UnreadableFile
from charging.ingest.csv_files import CsvFile
from charging.ingest.json_documents import JsonDocument, document_of
from charging.ingest.json_lines import JsonLinesFile, object_of
from charging.ingest.layout import Layout
from charging.ingest.raw import Source
from charging.ingest.sizes import SIZES, Sizes
from charging.ingest.text import DAMAGED, unpacked
from charging.ingest.xlsx_files import XlsxFile

_ZIP, _OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
#: How files begin that hold no table this product reads, and what they are called.
_OTHERS = {
    b"%PDF": "PDF", b"<!DOCTYPE HTML": "HTML", b"<HTML": "HTML", b"<TABLE": "HTML", b"<?XML": "XML", b"<": "XML/HTML",
    b"{\\RTF": "RTF", b"PAR1": "Parquet", b"SQLITE FORMAT": "SQLite", b"RAR!": "RAR", b"7Z\xbc\xaf": "7-Zip",
    b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG", b"BZH": "bzip2", b"\xfd7ZXZ": "xz",
}  # fmt: skip


def opened(stored: BinaryIO, layout: Layout | None = None, sizes: Sizes = SIZES) -> Source:
    """Return the file's rows.

    Raises:
        UnreadableFile: it is neither a workbook nor JSON nor delimited text.
    """
    stored.seek(0)
    first = stored.read(4)
    decimal_sign = layout.decimal_sign if layout else None
    if first.startswith((_ZIP, _OLD_EXCEL)):
        return XlsxFile(stored, decimal_sign=decimal_sign, sizes=sizes)
    line = _first_line(stored, sizes).lstrip(b"\xef\xbb\xbf \t")
    _refuse_others(line)
    if line.startswith((b"{", b"[")):
        return _json(stored, line, decimal_sign, sizes)
    return CsvFile(
        stored,
        delimiter=layout.delimiter if layout else None,
        encoding=layout.encoding if layout else None,
        sizes=sizes,
    )


def _json(stored: BinaryIO, line: bytes, decimal_sign: str | None, sizes: Sizes) -> Source:
    """Return the objects of a file, one a line, or those that one document lists."""
    document = None if object_of(line, sizes) is not None else document_of(stored, sizes)
    if document is None:
        return JsonLinesFile(stored, decimal_sign=decimal_sign, sizes=sizes)
    return JsonDocument(document, decimal_sign=decimal_sign, sizes=sizes)


def _refuse_others(line: bytes) -> None:
    beginning = line[:20].upper()
    for sign, kind in _OTHERS.items():
        if beginning.startswith(sign):
            raise UnreadableFile(Code.FILE_OF_ANOTHER_KIND, kind=kind)


def _first_line(stored: BinaryIO, sizes: Sizes) -> bytes:
    plain = unpacked(stored, sizes)
    try:
        return next((line for line in iter(lambda: plain.readline(sizes.line + 1), b"") if line.strip()), b"")
    except DAMAGED as problem:
        raise UnreadableFile(Code.FILE_DAMAGED, problem=str(problem)) from problem
