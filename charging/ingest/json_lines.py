"""JSON lines: one session an object, one object a line; also carries metered series.

The columns are the keys of the first thousand objects. Values become text like cells of a sheet; lists (readings, the
steps of a series) become JSON text again and are read with the series. Objects inside of an object become columns of
their own, as in a document (`json_documents`).
"""

import io
from collections.abc import Iterator
from typing import Any, BinaryIO

import orjson
import polars as pl

from charging.domain.errors import Code, UnreadableFile
from charging.domain.reasons import Reject
from charging.ingest.json_documents import cell, flat
from charging.ingest.lines import BoundedLines
from charging.ingest.raw import BrokenRow, RawChunk, unique_names
from charging.ingest.sizes import SIZES, Sizes
from charging.ingest.text import DAMAGED, unpacked
from tenants.bounds import OutOfBounds, check_depth

_LINES_FOR_THE_KEYS = 1_000


class JsonLinesFile:
    """A file of JSON objects, one a line. See the module's text.

    Raises:
        UnreadableFile: none of the first lines is a JSON object.
    """

    kind = "jsonl"

    def __init__(self, stored: BinaryIO, *, decimal_sign: str | None = None, sizes: Sizes = SIZES) -> None:
        self._stored = stored
        self._sizes = sizes
        self._decimal_sign = decimal_sign or "."
        self._size = stored.seek(0, io.SEEK_END)
        self._keys = self._first_keys()
        self.header = unique_names(self._keys)

    def chunks(self) -> Iterator[RawChunk]:
        lines, line = self._lines(), 1
        try:
            while block := lines.block(self._sizes.chunk):
                found = block.removesuffix(b"\n").split(b"\n")
                yield self._chunk(found, line, dict(lines.too_long))
                lines.too_long.clear()
                line += len(found)
        except DAMAGED as problem:
            raise UnreadableFile(Code.FILE_BREAKS_OFF, problem=str(problem)) from problem

    def _lines(self) -> "BoundedLines[bytes]":
        return BoundedLines(unpacked(self._stored, self._sizes), longest=self._sizes.line, newline=b"\n")

    def _first_keys(self) -> list[str]:
        """Return the names of the first objects.

        Raises:
            UnreadableFile: there are none, or more than are read.
        """
        lines, keys = self._lines(), dict[str, None]()
        for number in range(1, _LINES_FOR_THE_KEYS + 1):
            line = lines.readline()
            if not line:
                break
            keys |= dict.fromkeys(flat(object_of(line, self._sizes) or {}))
            if len(keys) > self._sizes.columns:
                raise UnreadableFile(Code.TOO_MANY_KEYS, line=number, names=len(keys), most=self._sizes.columns)
        if not keys:
            raise UnreadableFile(Code.NOT_JSON_LINES, depth=self._sizes.depth)
        return list(keys)

    def done(self) -> float:
        return min(1.0, self._stored.tell() / self._size) if self._size else 1.0

    def _chunk(self, lines: list[bytes], first_line: int, too_long: dict[int, bytes]) -> RawChunk:
        numbers, objects, broken, blank = [], [], [], 0
        for number, line in enumerate(lines, start=first_line):
            if number in too_long:
                broken.append(BrokenRow(number, (_text(too_long[number]),), Reject.LINE_TOO_LONG))
            elif not line.strip():
                blank += 1
            elif (found := object_of(line, self._sizes)) is None:
                broken.append(BrokenRow(number, (_text(line),), Reject.UNREADABLE_ROW))
            elif all(value is None for value in found.values()):
                blank += 1
            else:
                numbers.append(number)
                objects.append(flat(found))
        columns = {name: self._column(name, key, objects) for name, key in zip(self.header, self._keys, strict=True)}
        return RawChunk(pl.Series("line", numbers, dtype=pl.Int64), pl.DataFrame(columns), broken, blank)

    def _column(self, name: str, key: str, objects: list[dict[str, Any]]) -> pl.Series:
        return pl.Series(name, [cell(found.get(key), self._decimal_sign) for found in objects], dtype=pl.String)


def object_of(line: bytes, sizes: Sizes = SIZES) -> dict[str, Any] | None:
    """Return the object a line holds, or None if it holds anything else or is nested too deep."""
    if len(line) > sizes.line + 1:
        return None
    try:
        if line.count(b"[") + line.count(b"{") > sizes.depth:
            check_depth(line.decode(errors="replace"), sizes.depth)
        found = orjson.loads(line.removeprefix(b"\xef\xbb\xbf"))
    except (orjson.JSONDecodeError, OutOfBounds):
        return None
    return found if isinstance(found, dict) else None


def _text(line: bytes) -> str:
    return line.decode(errors="replace").strip()
