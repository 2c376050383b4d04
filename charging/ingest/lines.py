"""The lines of a file, none of them longer than a bound: what a stranger sends as one line may be a gigabyte.

A line that is too long is never held: an empty one stands in its place, so that the numbers of the lines after it stay
true, and its number and its beginning are kept for the list of rejected rows.
"""

import io
from typing import AnyStr, BinaryIO, Generic, cast

_BEGINNING = 200
_STEP = 1 << 16


class BoundedLines(Generic[AnyStr]):
    """Reads whole lines, of text or of bytes. `too_long` holds the lines left out since it was last emptied."""

    def __init__(self, plain: "io.TextIOBase | BinaryIO", *, longest: int, newline: AnyStr) -> None:
        self._plain = plain
        self._longest = longest
        self._newline: AnyStr = newline
        self._next_line = 1
        self.too_long: list[tuple[int, AnyStr]] = []

    def readline(self) -> AnyStr:
        """Return the next line with its end, empty at the end of the file."""
        line = self._read_line(self._longest + 1)
        if not line:
            return line
        if len(line.rstrip(self._newline)) > self._longest:
            self._leave_out(line)
            line = self._newline
        self._next_line += 1
        return line

    def block(self, size: int) -> AnyStr:
        """Return the next whole lines, about `size` characters or bytes; empty at the end of the file."""
        block = cast("AnyStr", self._plain.read(size))
        if not block:
            return block
        if not block.endswith(self._newline):
            block += self._read_line(self._longest + 1)
        if self._fits(block):
            self._next_line += block.count(self._newline) + (not block.endswith(self._newline))
            return block
        return self._cut(block)

    def _read_line(self, size: int) -> AnyStr:
        return cast("AnyStr", self._plain.readline(size))

    def _fits(self, block: AnyStr) -> bool:
        """Tell whether every line is within the bound, looking at one line end a bound's length only."""
        at, end = 0, len(block)
        while end - at > self._longest:
            found = block.rfind(self._newline, at, at + self._longest + 1)
            if found < 0:
                return False
            at = found + 1
        return True

    def _cut(self, block: AnyStr) -> AnyStr:
        lines: list[AnyStr] = block.split(self._newline)
        unfinished = lines.pop()
        kept: list[AnyStr] = [self._kept(line) for line in lines]
        if unfinished:
            kept.append(self._kept(unfinished, rest=True))
        kept.append(unfinished[:0])
        return self._newline.join(kept)

    def _kept(self, line: AnyStr, *, rest: bool = False) -> AnyStr:
        if len(line) > self._longest:
            self._leave_out(line if rest else line + self._newline)
            line = line[:0]
        self._next_line += 1
        return line

    def _leave_out(self, line: AnyStr) -> None:
        """Note a line that is too long, and read on to its end."""
        self.too_long.append((self._next_line, line[:_BEGINNING]))
        while line and not line.endswith(self._newline):
            line = self._read_line(_STEP)
