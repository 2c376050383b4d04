"""How large a workbook is, before a parser allocates it: what its parts unpack to, and the rectangle of each sheet.

A parser of sheets keeps the whole rectangle between the first and the last filled cell, so two cells in opposite
corners of an empty sheet are 17 thousand million cells. The rectangle is read from the references of filled cells; a
sheet's own `<dimension>` also counts columns that are only coloured. What an archive says of the sizes of its parts is
a stranger's word: the parts are unpacked and counted.

Looking at every cell would take as long as reading it. All cells from column Q on are looked at, which an ordinary
sheet does not have, and of the others the last ones of each megabyte, as rows stand in their order. A sheet that hides
its corners from this meets the limit of memory instead.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from charging.domain.errors import Code, UnreadableFile
from charging.ingest.sizes import Sizes
from charging.ingest.text import in_megabytes

#: What a damaged archive raises while it is read, also one in a way of packing that this Python lacks.
DAMAGED_ARCHIVE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)

_BLOCK = 1 << 20
# Longer than the last rows' start tags, so that none is lost between two blocks.
_OVERHANG = 4_000
_FILLED_CELL = re.compile(rb" r=[\"']([A-Z]{1,3})(\d{1,7})[\"'][^<>]*(?<!/)>")
_FILLED_FAR_RIGHT = re.compile(rb" r=[\"']([Q-Z]|[A-Z]{2,3})(\d{1,7})[\"'][^<>]*(?<!/)>")


@dataclass(slots=True)
class _Corner:
    """The last row and the last column that hold anything; a sheet begins at A1."""

    row: int = 0
    column: int = 0

    def reach(self, found: list[tuple[bytes, bytes]]) -> None:
        for letters, row in found:
            self.row, self.column = max(self.row, int(row)), max(self.column, _column(letters))

    def __str__(self) -> str:
        return f"A1:{_letters(self.column)}{self.row}"


def check_workbook(content: BinaryIO, sizes: Sizes) -> None:
    """Refuse a workbook that is larger than what is read.

    Raises:
        UnreadableFile: it unpacks to too much, or the filled cells of its sheets lie too far apart.
    """
    left, cells = sizes.unpacked, 0
    with zipfile.ZipFile(content) as archive:
        for entry in archive.infolist():
            corner, before = _Corner(), b""
            for block in _unpacked(archive, entry, left):
                left -= len(block)
                if left < 0:
                    limit = in_megabytes(sizes.unpacked)
                    raise UnreadableFile(Code.WORKBOOK_TOO_LARGE, limit=limit)
                _look_at(before + block, corner)
                before = block[-_OVERHANG:]
            cells += corner.row * corner.column
            if cells > sizes.cells:
                raise UnreadableFile(Code.WORKBOOK_TOO_WIDE, corner=str(corner), cells=cells, most=sizes.cells)


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> Iterator[bytes]:
    entry.file_size, entry.CRC = most + 1, None  # type: ignore[assignment]  # read on after the end it claims
    with archive.open(entry) as part:
        while block := part.read(_BLOCK):
            yield block


def _look_at(block: bytes, corner: _Corner) -> None:
    corner.reach(_FILLED_FAR_RIGHT.findall(block))
    corner.reach(_FILLED_CELL.findall(block[-_OVERHANG:]))


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _letters(column: int) -> str:
    letters = ""
    while column > 0:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
