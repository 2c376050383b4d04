"""Letters that were damaged before their file came here, read as they were meant where that is proved.

Text that was UTF-8, was taken for Windows' and written as UTF-8 once more says `MalmÃ¶`: no language has such a sign
after such a letter, so each place proves itself. A file of UTF-8 may also hold lines in Windows' encoding: a stray byte
that is a letter there is that letter. What else cannot be read becomes U+FFFD, which no name may hold.
"""

import codecs
import io
import re
from typing import BinaryIO, Final, cast

#: The name under which a file is read with its damaged letters mended; it is UTF-8 otherwise.
MENDED: Final = "utf-8-mended"
#: What stands for a sign that could not be read.
LOST: Final = "\N{REPLACEMENT CHARACTER}"

_STRAYS: Final = "charging.stray_bytes"
_WINDOWS: Final = {bytes([code]).decode("cp1252", "ignore") or chr(code): code for code in range(0x80, 0x100)}
_AFTER: Final = "".join(sign for sign, code in _WINDOWS.items() if code < 0xC0)
# Ä and Å are letters of their own that may stand before a quotation mark or a dash.
_AFTER_A_LETTER: Final = "".join(sign for sign in _AFTER if sign not in "\u2018\u2019\u201c\u201d\u2013\u2014€\u00a0")
_TWICE: Final = re.compile(f"[ÂÃ][{_AFTER}]|[ÄÅ][{_AFTER_A_LETTER}]|â[€‚ƒ„][{_AFTER}]")
_BEGINNINGS: Final = frozenset("ÂÃÄÅâ€‚ƒ„")
#: The same in bytes of UTF-8, for a first look; and letters of UTF-8 in a file that is none.
_TWICE_IN_BYTES: Final = re.compile(rb"\xc3[\x82\x83](?:\xc2[\x80-\xbf]|[\xc5\xc6\xcb][\x80-\xbf]|\xe2[\x80-\x84])")
_LETTERS_IN_BYTES: Final = re.compile(rb"\xc3[\x80-\xbf]")
_LEADING: Final = (0xC2, 0xC3)


def is_twice_encoded(block: bytes) -> bool:
    """Whether UTF-8 holds letters that were encoded twice."""
    return (b"\xc3\x83" in block or b"\xc3\x82" in block) and _TWICE_IN_BYTES.search(block) is not None


def has_letters(block: bytes) -> bool:
    """Whether bytes that are not all UTF-8 hold letters that are."""
    return _LETTERS_IN_BYTES.search(block) is not None


def repaired(text: str) -> str:
    """Return a text with the letters in it that were encoded twice as they were meant."""
    return _TWICE.sub(_once, text) if not text.isascii() else text


class MendedText(io.TextIOWrapper):
    """The text of a file of UTF-8, mended; any line end becomes a line feed."""

    def __init__(self, plain: BinaryIO) -> None:
        super().__init__(plain, encoding="utf-8-sig", errors=_STRAYS, newline=None)

    def read(self, size: int | None = -1, /) -> str:
        text = super().read(size)
        while text and text[-1] in _BEGINNINGS and (more := super().read(1)):
            text += more
        return repaired(text)

    def readline(self, size: int = -1, /) -> str:  # type: ignore[override]
        return repaired(super().readline(size))


def _once(found: re.Match[str]) -> str:
    meant = bytes(_WINDOWS[sign] for sign in found[0]).decode("utf-8", "replace")
    return found[0] if LOST in meant or meant < "\xa0" else meant


def _stray(problem: UnicodeError) -> tuple[str, int]:
    found = cast("UnicodeDecodeError", problem)
    code = found.object[found.start]
    sign = bytes([code]).decode("cp1252", "replace")
    is_letter = code >= 0xC0 and code not in _LEADING and sign.isalpha()
    return (sign if is_letter else LOST), found.start + 1


codecs.register_error(_STRAYS, _stray)
