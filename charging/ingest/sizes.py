"""How large a stranger's file may be, piece by piece. What is larger is refused in words, before a parser sees it."""

from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Sizes:
    """The bounds of one file. Lengths of text are in characters, of JSON lines and whole files in bytes.

    chunk: what is read at once. line: the longest line; a longer one is a rejected row. heading: the longest line of
    headings. columns: of the header, and names of JSON objects. depth: how deep JSON may be nested. cells: the
    rectangle of a sheet, from A1 to its last filled cell. unpacked: all that comes out of a compressed file. document:
    a JSON document, which is read as one piece. kept: of each cell of a rejected row, as much as a cell of a
    spreadsheet holds. shown: of each cell on a page.
    """

    chunk: int = 3_000_000
    line: int = 1_000_000
    heading: int = 65_536
    columns: int = 200
    depth: int = 32
    cells: int = 1 << 24
    unpacked: int = 1 << 30
    document: int = 1 << 26
    kept: int = 32_767
    shown: int = 200

    def to_json(self) -> dict[str, int]:
        """Return the sizes as data."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> Self:
        """Return the sizes that data describes."""
        return cls(**said)


SIZES = Sizes()
