"""A PDF as typst writes it with its objects packed together: the same document in half the bytes.

Most of such a file is the structure that screen readers follow: hundreds of small objects, all in clear. Those that are
no streams may stand in compressed streams of objects, and so may the table of where each is (ISO 32000-1, 7.5.7 and
7.5.8). What typst writes is read as far as that needs: one section of objects of generation 0, a table of 7.5.4 at its
end and streams that say their length at once. Nothing in an object is read or written anew.
"""

import hashlib
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np

#: So many objects stand in one stream: a reader opens all of it for one.
TOGETHER: Final = 100
_ENTRY: Final = 20
_TABLE: Final = re.compile(rb"xref\r?\n0 (\d+)\r?\n")
_END: Final = re.compile(rb"trailer\s*<<(.*)>>\s*startxref\s+(\d+)\s+%%EOF\s*\Z", re.DOTALL)
_ID: Final = re.compile(rb"/ID\s*\[\s*(\([^()\\]*\)|<[0-9A-Fa-f]*>)\s*(?:\([^()\\]*\)|<[0-9A-Fa-f]*>)\s*\]")
_LENGTH: Final = rb"/Length (\d+)(?! \d+ R)"
_STREAM: Final = re.compile(rb"<<([^<>]*)>>\s*stream\r?\n")


class Unfamiliar(ValueError):
    """The file is another one than typst writes."""


def packed(pdf: bytes, *, metadata: Callable[[bytes], bytes]) -> bytes:
    """Return the document with its objects packed. The same file gives the same bytes.

    metadata: what becomes of the document's metadata.

    Raises:
        Unfamiliar: it is not written as typst writes.
    """
    trailer, table = _table(pdf)
    objects = _objects(pdf, table)
    root = _number(rb"/Root (\d+) 0 R", trailer)
    named = _number(rb"/Metadata (\d+) 0 R", objects.get(root, b""))
    objects[named] = _changed(objects.get(named, b""), metadata)
    return _written(pdf[: min(table.values())], objects, trailer)


def _table(pdf: bytes) -> tuple[bytes, dict[int, int]]:
    """The words of the trailer, and where the object of each number begins."""
    end = _END.search(pdf, max(0, len(pdf) - 4096))
    begins = _TABLE.match(pdf, int(end[2])) if end else None
    if end is None or begins is None or b"/Prev" in end[1]:
        raise Unfamiliar("The file has no single table of objects at its end.")
    entries = pdf[begins.end() : begins.end() + int(begins[1]) * _ENTRY]
    found = {}
    for number, entry in enumerate(entries[at : at + _ENTRY] for at in range(0, len(entries), _ENTRY)):
        if entry[17:18] == b"n":
            found[number] = int(entry[:10])
    if not found:
        raise Unfamiliar("The file has no objects.")
    return end[1], found


def _objects(pdf: bytes, table: Mapping[int, int]) -> dict[int, bytes]:
    """What stands in each object."""
    found = {}
    inner = sorted((at, number) for number, at in table.items())
    ends = [*(at for at, _number in inner[1:]), pdf.rindex(b"xref", 0, pdf.rindex(b"startxref"))]
    for (at, number), end in zip(inner, ends, strict=True):
        head, whole = b"%d 0 obj" % number, pdf[at:end].rstrip()
        if not (whole.startswith(head) and whole.endswith(b"endobj")):
            raise Unfamiliar(f"Object {number} does not stand where the table says.")
        found[number] = whole[len(head) : -len(b"endobj")].strip()
    return found


def _number(pattern: bytes, text: bytes) -> int:
    found = re.search(pattern, text)
    if found is None:
        raise Unfamiliar(f"The file does not say {pattern!r}.")
    return int(found[1])


def _changed(stream: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """A stream in clear with what becomes of it, in clear too: so whoever knows no PDF finds the metadata."""
    found = _STREAM.match(stream)
    if found is None or b"/Filter" in found[1]:
        raise Unfamiliar("The metadata do not lie in clear.")
    length = _number(_LENGTH, found[1])
    content = change(stream[found.end() : found.end() + length])
    return b"<<%s/Length %d>>\nstream\n%s\nendstream" % (re.sub(_LENGTH, b"", found[1]), len(content), content)


def _stream(said: bytes, content: bytes) -> bytes:
    """A compressed stream, with what its dictionary says besides."""
    small = zlib.compress(content)
    return b"<<%s/Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream" % (said, len(small), small)


def _written(header: bytes, objects: Mapping[int, bytes], trailer: bytes) -> bytes:
    parts, at, size = [header], len(header), max(objects) + 1
    places: dict[int, tuple[int, int, int]] = {0: (0, 0, 255)}
    streams = {number: content for number, content in sorted(objects.items()) if content.endswith(b"endstream")}
    others = [(number, content) for number, content in sorted(objects.items()) if number not in streams]
    for first in range(0, len(others), TOGETHER):
        some = others[first : first + TOGETHER]
        streams[size] = _together(some)
        places |= {number: (2, size, place) for place, (number, _content) in enumerate(some)}
        size += 1
    for number, content in streams.items():
        places[number] = (1, at, 0)
        parts.append(b"%d 0 obj\n%s\nendobj\n" % (number, content))
        at += len(parts[-1])
    places[size] = (1, at, 0)
    trailer = re.sub(rb"/Size \d+", b"", _identified(trailer, parts)).strip()
    said = b"/Type/XRef/Size %d/W[1 4 1]/DecodeParms<</Predictor 12/Columns 6>>%s" % (size + 1, trailer)
    parts.append(b"%d 0 obj\n%s\nendobj\n" % (size, _stream(said, _rows(places, size + 1))))
    return b"".join([*parts, b"startxref\n%d\n%%%%EOF\n" % at])


def _together(some: Sequence[tuple[int, bytes]]) -> bytes:
    """A stream of objects: first which stand where in it, then they."""
    head = b" ".join(b"%d %d" % place for place in _offsets(some)) + b"\n"
    said = b"/Type/ObjStm/N %d/First %d" % (len(some), len(head))
    return _stream(said, head + b"\n".join(content for _number, content in some))


def _offsets(some: Sequence[tuple[int, bytes]]) -> Iterator[tuple[int, int]]:
    at = 0
    for number, content in some:
        yield number, at
        at += len(content) + 1


def _identified(trailer: bytes, parts: list[bytes]) -> bytes:
    """The trailer's words: the document's number is kept, that of the file is of what stands in it now (14.4)."""
    said = _ID.search(trailer)
    if said is None:
        raise Unfamiliar("The file has no number.")
    digest = hashlib.sha256(b"".join(parts)).hexdigest()[:32].encode()
    return trailer[: said.start()] + b"/ID[%s<%s>]" % (said[1], digest) + trailer[said.end() :]


def _rows(places: Mapping[int, tuple[int, int, int]], size: int) -> bytes:
    """The table: kind, place, place within, each row less the one before (PNG's "up"), as they grow alike."""
    numbers, found = list(places), np.array(list(places.values()), dtype=np.uint32)
    rows = np.zeros((size, 6), dtype=np.uint8)
    rows[numbers, 0], rows[numbers, 5] = found[:, 0], found[:, 2]
    rows[numbers, 1:5] = found[:, 1].astype(">u4").view(np.uint8).reshape(-1, 4)
    less = rows.copy()
    less[1:] -= rows[:-1]
    return np.insert(less, 0, 2, axis=1).tobytes()
