"""A file of payments that came packed, as banks and mail programs do: by gzip, or alone in a ZIP.

It is unpacked while it is read, in the process apart, and never further than a bound: a few megabytes can hold
terabytes.
"""

import gzip
import io
import lzma
import zipfile
import zlib
from typing import IO, TYPE_CHECKING, BinaryIO, Final, cast

from billing.bank_files.told import UnreadablePayments
from billing.domain.errors import Code

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

#: So many bytes come out of a packed file at most.
MOST: Final = 1 << 30
_BLOCK: Final = 1 << 18
_GZIP, _ZIP = b"\x1f\x8b", (b"PK\x03\x04", b"PK\x05\x06")
#: How files begin that are packed in a way that is not read: bzip2, xz, 7-Zip, RAR.
_OTHERS: Final = (b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf\x27\x1c", b"Rar!")
#: What a damaged one raises, one with a password (`RuntimeError`), and one that is packed in a way nobody knows.
_DAMAGED: Final = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)
_IS_LOCKED: Final = 0x1


def plain(stored: BinaryIO, most: int = MOST) -> BinaryIO:
    """Return the bytes of a file from its start, unpacked if it is packed.

    Raises:
        UnreadablePayments: it cannot be unpacked, or holds none or several files. Reading raises it where the file is
            damaged, or more than `most` comes out.
    """
    stored.seek(0)
    beginning = stored.read(6)
    stored.seek(0)
    if beginning.startswith(_OTHERS):
        raise UnreadablePayments(Code.PAYMENT_FILE_PACKED)
    if beginning.startswith(_GZIP):
        return io.BufferedReader(_Unpacking(cast("IO[bytes]", gzip.GzipFile(fileobj=stored, mode="rb")), most), _BLOCK)
    if beginning.startswith(_ZIP):
        return io.BufferedReader(_Unpacking(_only_one(stored), most), _BLOCK)
    return stored


def _only_one(stored: BinaryIO) -> IO[bytes]:
    """The one file in a ZIP. What a Mac puts beside it is none."""
    try:
        archive = zipfile.ZipFile(stored)
        files = [
            entry for entry in archive.infolist() if not entry.is_dir() and not entry.filename.startswith("__MACOSX/")
        ]
        if len(files) == 1 and not files[0].flag_bits & _IS_LOCKED:
            return archive.open(files[0])
    except _DAMAGED:
        raise UnreadablePayments(Code.PAYMENT_FILE_PACKED) from None
    if len(files) == 1:
        raise UnreadablePayments(Code.PAYMENT_FILE_PACKED)
    if not files:
        raise UnreadablePayments(Code.PAYMENT_FILE_HOLDS_NOTHING)
    raise UnreadablePayments(Code.PAYMENT_FILE_SEVERAL, field="file", value=len(files))


class _Unpacking(io.RawIOBase):
    """A packed file that stops being read when too much comes out of it."""

    def __init__(self, packed: IO[bytes], most: int) -> None:
        self._packed, self._most, self._left = packed, most, most

    def readable(self) -> bool:
        return True

    def readinto(self, target: "WriteableBuffer", /) -> int:
        room = memoryview(target).cast("B")
        try:
            found = self._packed.read(len(room))
        except _DAMAGED:
            raise UnreadablePayments(Code.PAYMENT_FILE_PACKED) from None
        self._left -= len(found)
        if self._left < 0:
            raise UnreadablePayments(Code.PAYMENT_FILE_BURSTS, field="file", value=self._most >> 20)
        room[: len(found)] = found
        return len(found)
