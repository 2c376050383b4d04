"""Terms: the numbers under which a text is found.

A text that is searched by any part has a term for each of its places: the four characters from there, in any case.
So three or fewer characters are a span of terms, more of them several terms that the same text must have. What is
found this way may still not hold the part, and is compared by whoever asks.

A name is found by the beginnings of its words, the number of a card by its end too. Those terms are marks made with a
key of the operator's own, which no database holds: they tell nobody a name, and are found again only by who asks for
the same word there.
"""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tenants import crypto
from tenants.scoping import current_operator_id

_LENGTH = 4
#: So many terms of a long part are asked for: more would hardly leave out another row.
_MOST = 12
#: A word is marked by its beginnings up to so many letters.
LONGEST = 10
#: A number is marked by its ends of so many signs and more: what people read out of it.
SHORTEST_END = 4
#: Letters that Swedish sorts after z.
_LAST = str.maketrans({"å": "{a", "ä": "{b", "æ": "{b", "ö": "{c", "ø": "{c"})
_WORD = re.compile(r"[^\W_]+")

Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a row must have: all of these terms, or any of the span (first, last)."""

    terms: tuple[int, ...] = ()
    span: tuple[int, int] | None = None

    def __bool__(self) -> bool:
        return bool(self.terms or self.span)


def parts_of(texts: Sequence[str]) -> Pairs:
    """Return each text's terms, and beside each the index of its text in the sequence."""
    data = np.frombuffer(b"".join(_folded(text) + b"\0" for text in texts) + b"\0" * _LENGTH, np.uint8)
    characters = data.astype(np.int64)
    terms = np.zeros(len(data) - _LENGTH, np.int64)
    inside = np.ones(len(terms), bool)
    for index in range(_LENGTH):
        following = characters[index : index + len(terms)]
        inside &= following > 0  # nothing of the next text belongs to a term
        terms = terms << 8 | np.where(inside, following, 0)
    owners = np.cumsum(characters[: len(terms)] == 0)
    at = characters[: len(terms)] > 0
    return terms[at], owners[at]


def part(text: str) -> Wanted:
    """Return what a text has that holds this part."""
    folded = _folded(text)
    if len(folded) < _LENGTH:
        missing = 8 * (_LENGTH - len(folded))
        first = int.from_bytes(folded) << missing
        return Wanted(span=(first, first + (1 << missing) - 1)) if folded else Wanted()
    starts = range(len(folded) - _LENGTH + 1)
    return Wanted(tuple(dict.fromkeys(int.from_bytes(folded[at : at + _LENGTH]) for at in starts))[-_MOST:])


def _folded(text: str) -> bytes:
    """One byte a character, in lower case; all that is not ASCII looks alike."""
    return text.encode("ascii", "replace").lower().replace(b"\0", b"?")


def words_of(texts: Sequence[str]) -> Pairs:
    """Return the marks of the beginnings of each text's words, and beside each the place of its text."""
    return _marked(({each for word in words(text) for each in _beginnings(word)} for text in texts), _key("names"))


def begun(text: str) -> Wanted:
    """Return what a text has that has a word for each of these words, beginning like it."""
    return _all_of(text, _key("names"))


def numbers_of(texts: Sequence[str]) -> Pairs:
    """Return the marks of each number, and beside each the place of its text.

    Marked are the beginnings of its parts and of the whole, what stands between the parts left out, and its ends.
    """
    return _marked((_parts(words(text)) for text in texts), _key("numbers"))


def numbered(text: str) -> Wanted:
    """Return what a number has of which each of these words is the beginning of a part, or the end."""
    return _all_of(text, _key("numbers"))


def have_parts(number: str, wanted: Iterable[str]) -> bool:
    """Tell whether each wanted word is the beginning of a part of the number, or its end."""
    parts = words(number)
    whole = "".join(parts)
    return all(
        any(part.startswith(each) for part in (*parts, whole)) or (len(each) >= SHORTEST_END and whole.endswith(each))
        for each in wanted
    )


def have_words(text: str, wanted: Iterable[str]) -> bool:
    """Tell whether for each wanted word the text has one that begins like it."""
    own = words(text)
    return all(any(word.startswith(each) for word in own) for each in wanted)


def words(text: str) -> list[str]:
    """The words of a text, in lower case and without accents, so that Asa finds Åsa."""
    return _WORD.findall(plain(text))


def plain(text: str) -> str:
    """A text in lower case and without accents."""
    return _plain(text.casefold())


def in_order(text: str) -> str:
    """What a text is sorted by: in any case and without accents, å, ä and ö after z."""
    return _plain(unicodedata.normalize("NFC", text.casefold()).translate(_LAST))


def _plain(text: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))


def _beginnings(word: str) -> Iterable[str]:
    return {word[:length] for length in range(1, min(LONGEST, len(word)) + 1)}


def _parts(number: Sequence[str]) -> set[str]:
    whole = "".join(number)
    ends = {whole[-length:] for length in range(SHORTEST_END, min(LONGEST, len(whole)) + 1)}
    return ends.union(*(_beginnings(part) for part in (*number, whole)))


def _marked(texts: Iterable[set[str]], key: bytes) -> Pairs:
    terms: list[int] = []
    owners: list[int] = []
    for index, parts in enumerate(texts):
        marks = {_mark(part, key) for part in parts}
        terms.extend(marks)
        owners.extend([index] * len(marks))
    return np.array(terms, np.int64), np.array(owners, np.int64)


def _all_of(text: str, key: bytes) -> Wanted:
    return Wanted(tuple(dict.fromkeys(_mark(word[:LONGEST], key) for word in words(text))))


def _mark(beginning: str, key: bytes) -> int:
    """A keyed hash of 63 bits."""
    return int.from_bytes(hashlib.blake2b(beginning.encode(), key=key, digest_size=8).digest()) >> 1


def _key(kind: str) -> bytes:
    """The key that marks the current operator's `names` of people, or `numbers` of cards."""
    return _of_operator(crypto.search_key(), kind, current_operator_id())


@lru_cache(maxsize=256)
def _of_operator(key: bytes, kind: str, operator_id: int) -> bytes:
    return hmac.digest(key, f"{kind}:{operator_id}".encode(), "sha256")
