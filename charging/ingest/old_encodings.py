"""Tell the encodings of old Macs and of DOS from Windows' by the words they make.

The same byte is `ö` in one and `š`, `”` or a control sign in another, so that a file read in the wrong one is full of
words that no language writes: a capital inside of a word, a quotation mark between letters. Windows' is what exports
are written in; another is believed only if it makes words where Windows' makes none.
"""

import re
from typing import Final

_OLDER: Final = ("mac_roman", "cp850", "cp437")
_WORD: Final = re.compile(rb"[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*")
_LETTER: Final = re.compile(rb"[A-Za-z]")
_MOST_WORDS: Final = 4_000
_SOUND: Final = 0.8
_USUAL: Final = frozenset("åäöüéøæß")
_KNOWN: Final = frozenset("èêëñçáàâíìîïóòôõúùûãœýšžþð")


class Words:
    """The words of a file that hold more than ASCII, up to some thousands."""

    def __init__(self) -> None:
        self._words = set[bytes]()

    def add(self, block: bytes) -> None:
        """Collect the words of a block."""
        if len(self._words) < _MOST_WORDS:
            self._words.update(word for word in _WORD.findall(block) if _LETTER.search(word))

    def encoding(self) -> str | None:
        """Return the older encoding that the words were written in, None if Windows' makes as much sense.

        Where two of them make sense alike, it is `latin-1`: in it the signs in doubt are controls, which no name has.
        """
        if not self._words:
            return None
        read = {name: [word.decode(name, "replace") for word in self._words] for name in (*_OLDER, "cp1252")}
        sense = {name: [_sense(word) for word in words] for name, words in read.items()}
        usual = sum(sense["cp1252"])
        best = max(_OLDER, key=lambda name: sum(sense[name]))
        others = [sum(sense[name]) for name in _OLDER if read[name] != read[best]]
        sound = sum(one >= 0 for one in sense[best]) > _SOUND * len(self._words)
        if not sound or sum(sense[best]) < usual + len(self._words):
            return None
        return best if sum(sense[best]) >= max(others, default=0) + len(self._words) else "latin-1"


def _sense(word: str) -> int:
    return sum(_sense_of(sign, word[:at][-1:], word[at + 1 : at + 2]) for at, sign in enumerate(word) if sign > "\x7f")


def _sense_of(sign: str, before: str, after: str) -> int:
    """Return how much sense a sign makes between its neighbours: 4 for a usual letter, less than 0 for none."""
    if sign.lower() in _USUAL or sign.lower() in _KNOWN:
        if sign.isupper():
            if before.islower() or (before.isupper() and after.islower()):
                return -3
            return 4 if after.islower() else 2
        return -2 if before.isupper() and after.isupper() else 4 if sign in _USUAL else 2
    if sign.isalpha():
        return -3 if sign.isupper() and before.islower() else -1
    if sign == "\ufffd" or sign < "\xa0":
        return -6
    return -2 if before.isalpha() or after.isalpha() else 0
