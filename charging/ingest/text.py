"""Bytes into text: compression, byte order marks and the encodings Nordic exports really use.

The encoding is decided on the whole file, not on its first lines: a file may be plain ASCII for a million rows before
the first `Å`. The same pass takes the SHA-256 that says whether a file was seen before.
"""

import codecs
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, cast

from charging.domain.errors import Code, UnreadableFile
from charging.ingest.damaged_text import MENDED, MendedText, has_letters, is_twice_encoded
from charging.ingest.old_encodings import Words
from charging.ingest.sizes import SIZES, Sizes

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

#: What reading a file that is cut off or damaged in its compression raises.
DAMAGED = (EOFError, OSError, zlib.error)

_BLOCK = 1 << 20
_GZIP = b"\x1f\x8b"
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Bytes that text is made of; a few others may be a fault in some rows, many are no text.
_TEXT_BYTES = bytes(code for code in range(256) if code >= 32 or code in b"\t\n\r")
_UNDEFINED_IN_CP1252 = frozenset(b"\x81\x8d\x8f\x90\x9d")


def in_megabytes(size: int) -> int:
    """Return a size as people say it, in whole units of 1,048,576 bytes."""
    return size >> 20


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What one pass over the stored bytes says about a file."""

    sha256: str
    size: int


def fingerprint(stored: BinaryIO) -> Fingerprint:
    """Return the hash and the size of the stored bytes, and rewind."""
    stored.seek(0)
    digest, size = hashlib.sha256(), 0
    for block in _blocks(stored):
        digest.update(block)
        size += len(block)
    stored.seek(0)
    return Fingerprint(digest.hexdigest(), size)


def unpacked(stored: BinaryIO, sizes: Sizes = SIZES) -> BinaryIO:
    """Return the bytes of a file from its start, through gzip if it is compressed.

    Reading it raises `UnreadableFile` once more than `sizes.unpacked` has come out: a few megabytes of gzip can hold
    terabytes.
    """
    stored.seek(0)
    packed = stored.read(2) == _GZIP
    stored.seek(0)
    return io.BufferedReader(_Unpacking(stored, sizes.unpacked), _BLOCK) if packed else stored


def encoding_of(stored: BinaryIO, sizes: Sizes = SIZES) -> str:
    """Return the encoding of a text file: by its mark, by valid UTF-8, or else Windows', Latin 1 or an older one.

    UTF-8 that is damaged in places is to be read as `damaged_text.MENDED`.

    Raises:
        UnreadableFile: the bytes are not text, or the compressed file is damaged.
    """
    try:
        return _encoding_of(unpacked(stored, sizes))
    except DAMAGED as problem:
        raise UnreadableFile(Code.FILE_DAMAGED, problem=str(problem)) from problem
    finally:
        stored.seek(0)


def reader(stored: BinaryIO, encoding: str, sizes: Sizes = SIZES) -> io.TextIOWrapper:
    """Return the text of a file; any line end becomes a line feed."""
    borrowed = cast("BinaryIO", _Borrowed(unpacked(stored, sizes)))
    if encoding == MENDED:
        return MendedText(borrowed)
    return io.TextIOWrapper(borrowed, encoding=encoding, errors="strict", newline=None)


def _encoding_of(plain: BinaryIO) -> str:
    first = plain.read(4096)
    if first.startswith(codecs.BOM_UTF8):
        return MENDED if _eight_bit(first, plain) == MENDED else "utf-8-sig"
    for mark, encoding in _MARKS:
        if first.startswith(mark):
            return encoding
    if b"\x00" in first and (wide := _unmarked_utf16(first)):
        return wide
    if b"\x00" in first and len(first.translate(None, _TEXT_BYTES)) > len(first) // 20:
        raise UnreadableFile(Code.FILE_NOT_TEXT)
    return _eight_bit(first, plain)


def _unmarked_utf16(first: bytes) -> str | None:
    even, odd = first[0::2].count(0), first[1::2].count(0)
    if odd > len(first) // 4 > even:
        return "utf-16-le"
    if even > len(first) // 4 > odd:
        return "utf-16-be"
    return None


def _eight_bit(first: bytes, rest: BinaryIO) -> str:
    decoder, valid, seen = codecs.getincrementaldecoder("utf-8")(), True, set[int]()
    words, twice, letters = Words(), False, False
    for block in _with_first(first, rest):
        valid = valid and _accepts(decoder, block)
        twice, letters = twice or is_twice_encoded(block), letters or has_letters(block)
        if not valid:
            seen.update(block)
            words.add(block)
    if valid and _accepts(decoder, b"", final=True):
        return MENDED if twice else "utf-8"
    if letters:
        return MENDED
    if older := words.encoding():
        return older
    return "cp1252" if _UNDEFINED_IN_CP1252.isdisjoint(seen) else "latin-1"


def _accepts(decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True


def _with_first(first: bytes, rest: BinaryIO) -> Iterator[bytes]:
    yield first
    yield from _blocks(rest)


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    while block := stream.read(_BLOCK):
        yield block


class _Unpacking(io.RawIOBase):
    """A gzip file that stops being read when too much comes out of it."""

    def __init__(self, stored: BinaryIO, most: int) -> None:
        self._plain = gzip.GzipFile(fileobj=stored, mode="rb")
        self._most = self._left = most

    def readable(self) -> bool:
        return True

    def readinto(self, target: "WriteableBuffer", /) -> int:
        count = self._plain.readinto(target)
        self._left -= count
        if self._left < 0:
            raise UnreadableFile(Code.FILE_TOO_LARGE, limit=in_megabytes(self._most))
        return count


class _Borrowed(io.BufferedIOBase):
    """A reader that leaves the lender's file open when it is closed itself."""

    def __init__(self, lent: BinaryIO) -> None:
        self._lent = lent

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        return self._lent.read(-1 if size is None else size)

    def read1(self, size: int = -1, /) -> bytes:
        return self._lent.read(size)
