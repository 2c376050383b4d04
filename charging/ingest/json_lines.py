"""JSON lines: one session an object, one object a line; also carries metered series.

The columns are the keys of the first thousand objects. Values become text like cells of a sheet; lists (readings, the
steps of a series) become JSON text again and are read with the series.
"""

import io
from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO

import orjson
import polars as pl

from charging.domain.errors import UnreadableFile
from charging.domain.reasons import Reject
from charging.ingest.raw import BrokenRow, RawChunk
from charging.ingest.text import DAMAGED, unpacked
from charging.ingest.xlsx_files import text_of

_BYTES_OF_A_CHUNK = 3_000_000
_LINES_FOR_THE_KEYS = 1_000


class JsonLinesFile:
    """A file of JSON objects, one a line. See the module's text.

    Raises:
        UnreadableFile: none of the first lines is a JSON object.
    """

    kind = "jsonl"

    def __init__(self, stored: BinaryIO, *, decimal_sign: str | None = None) -> None:
        self._stored = stored
        self._decimal_sign = decimal_sign or "."
        self._size = stored.seek(0, io.SEEK_END)
        first = (object_of(line) for line in islice(unpacked(stored), _LINES_FOR_THE_KEYS))
        self.header = list(dict.fromkeys(key for found in first if found for key in found))
        if not self.header:
            raise UnreadableFile("The file is not JSON lines: no line is an object with session facts.")

    def chunks(self) -> Iterator[RawChunk]:
        plain, line = unpacked(self._stored), 1
        try:
            while lines := plain.readlines(_BYTES_OF_A_CHUNK):
                yield self._chunk(lines, line)
                line += len(lines)
        except DAMAGED as problem:
            raise UnreadableFile(f"The file cannot be read to its end: {problem}.") from problem

    def done(self) -> float:
        return min(1.0, self._stored.tell() / self._size) if self._size else 1.0

    def _chunk(self, lines: list[bytes], first_line: int) -> RawChunk:
        numbers, objects, broken, blank = [], [], [], 0
        for number, line in enumerate(lines, start=first_line):
            if not line.strip():
                blank += 1
            elif (found := object_of(line)) is None:
                broken.append(BrokenRow(number, (line.decode(errors="replace").strip(),), Reject.UNREADABLE_ROW))
            else:
                numbers.append(number)
                objects.append(found)
        columns = {name: self._column(name, objects) for name in self.header}
        return RawChunk(pl.Series("line", numbers, dtype=pl.Int64), pl.DataFrame(columns), broken, blank)

    def _column(self, name: str, objects: list[dict[str, Any]]) -> pl.Series:
        return pl.Series(name, [self._text(found.get(name)) for found in objects], dtype=pl.String)

    def _text(self, value: Any) -> str:
        if isinstance(value, list | dict):
            return orjson.dumps(value).decode()
        return text_of(value, self._decimal_sign)


def object_of(line: bytes) -> dict[str, Any] | None:
    """Return the object a line holds, or None if it holds anything else."""
    try:
        found = orjson.loads(line.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None
