"""One JSON document that holds a list of sessions, at its top or inside, as an answer of an API is saved.

A row is an object of the list, counted from one. Objects inside of an object become columns of their own, named by both
(`cdr_token.uid`). A document with no such list, or with several that could be meant, is named for what it is.
"""

import io
from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO

import orjson
import polars as pl

from charging.domain.errors import Code, UnreadableFile
from charging.ingest.headers import recognised
from charging.ingest.raw import RawChunk, check_columns, unique_names
from charging.ingest.sizes import SIZES, Sizes
from charging.ingest.text import DAMAGED, in_megabytes, unpacked
from charging.ingest.xlsx_files import text_of
from tenants.bounds import OutOfBounds, check_depth

_OBJECTS_FOR_THE_KEYS, _OBJECTS_OF_A_CHUNK = 1_000, 20_000
_DEPTH_OF_LISTS = 4

Objects = list[dict[str, Any]]


class JsonDocument:
    """A JSON document with a list of objects. See the module's text.

    Raises:
        UnreadableFile: it is larger than what is read, or no list in it holds sessions, or several do.
    """

    kind = "json"

    def __init__(self, document: Any, *, decimal_sign: str | None = None, sizes: Sizes = SIZES) -> None:
        self._objects = [flat(one) for one in _sessions(document, sizes)]
        self._decimal_sign = decimal_sign or "."
        keys = dict.fromkeys(key for one in self._objects[:_OBJECTS_FOR_THE_KEYS] for key in one)
        check_columns(len(keys), line=1, sizes=sizes)
        self._keys = list(keys)
        self.header = unique_names(self._keys)
        self._read = 0

    def chunks(self) -> Iterator[RawChunk]:
        self._read = 0
        numbered = enumerate(self._objects, start=1)
        while part := list(islice(numbered, _OBJECTS_OF_A_CHUNK)):
            said = [(number, one) for number, one in part if any(value is not None for value in one.values())]
            self._read += len(part)
            columns = {
                name: pl.Series(name, [cell(one.get(key), self._decimal_sign) for _, one in said], dtype=pl.String)
                for name, key in zip(self.header, self._keys, strict=True)
            }
            lines = pl.Series("line", [number for number, _ in said], dtype=pl.Int64)
            yield RawChunk(lines, pl.DataFrame(columns), [], len(part) - len(said))

    def done(self) -> float:
        return self._read / max(1, len(self._objects))


def document_of(stored: BinaryIO, sizes: Sizes = SIZES) -> Any:
    """Return the one document a file holds, None if it is none, or if it is nested too deep.

    Raises:
        UnreadableFile: it is larger than what is read as one piece.
    """
    try:
        content = unpacked(stored, sizes).read(sizes.document + 1)
    except DAMAGED as problem:
        raise UnreadableFile(Code.FILE_DAMAGED, problem=str(problem)) from problem
    finally:
        stored.seek(0, io.SEEK_SET)
    if len(content) > sizes.document:
        raise UnreadableFile(Code.FILE_TOO_LARGE, limit=in_megabytes(sizes.document))
    try:
        check_depth(content.decode(errors="replace"), sizes.depth)
        return orjson.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except (orjson.JSONDecodeError, OutOfBounds):
        return None


def flat(one: dict[str, Any], before: str = "") -> dict[str, Any]:
    """Return an object whose objects have become values of their own, named by both."""
    if not before and not any(isinstance(value, dict) for value in one.values()):
        return one
    found: dict[str, Any] = {}
    for key, value in one.items():
        found |= flat(value, f"{before}{key}.") if isinstance(value, dict) and value else {f"{before}{key}": value}
    return found


def cell(value: Any, decimal_sign: str) -> str:
    """Return what a value says as a cell of a sheet would; a list stays JSON."""
    return orjson.dumps(value).decode() if isinstance(value, list | dict) else text_of(value, decimal_sign)


def _sessions(document: Any, sizes: Sizes) -> Objects:
    lists = dict(_lists(document))
    if not lists:
        raise UnreadableFile(Code.JSON_WITHOUT_LIST)
    known = {name: recognised(list(flat(objects[0]))[: sizes.columns]) for name, objects in lists.items()}
    most = max(known.values())
    best = [name for name, count in known.items() if count == most]
    if len(best) > 1:
        raise UnreadableFile(Code.JSON_WITH_LISTS, names=", ".join(best[:5]))
    return lists[best[0]]


def _lists(value: Any, name: str = "", depth: int = _DEPTH_OF_LISTS) -> Iterator[tuple[str, Objects]]:
    """Yield the lists of objects in a document by their names; not those inside of the objects of a list."""
    if isinstance(value, list):
        objects = [one for one in value if isinstance(one, dict)]
        if objects:
            yield name or "[]", objects
    elif isinstance(value, dict) and depth:
        for key, inner in islice(value.items(), 1_000):
            yield from _lists(inner, f"{name}.{key}" if name else str(key), depth - 1)
