"""What strangers send, held to bounds before anything works with it: JSON, whole numbers, text.

Python's own readers take more than a database or a page can: numbers of a million digits, digits that are no ASCII,
nesting that exhausts the stack, NaN, NUL and lone surrogates. Each reader here refuses those and nothing else. An error
is a code with facts; the sentence beside the code is for the command line, pages say it in the reader's language.
"""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_LARGEST_WHOLE = (1 << 63) - 1
_Ranges = tuple[tuple[int, int], ...]

#: C0, DEL and C1, and code points that no text may hold. No name, number of a card or id has a use for them.
_CONTROLS: _Ranges = ((0x00, 0x1F), (0x7F, 0x9F))
_SURROGATES: _Ranges = ((0xD800, 0xDFFF),)
_NONCHARACTERS: _Ranges = (
    (0xFDD0, 0xFDEF),
    *((plane << 16 | 0xFFFE, plane << 16 | 0xFFFF) for plane in range(17)),
)
#: Unseen marks that copying leaves behind: of byte order (U+FEFF) and of writing direction. Two ids that differ only by
#: them are the same to every reader.
_MARKS: _Ranges = ((0xFEFF, 0xFEFF), (0x061C, 0x061C), (0x200E, 0x200F), (0x202A, 0x202E), (0x2066, 0x2069))


def _class(ranges: _Ranges) -> str:
    return "[" + "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges) + "]"


#: One sign of each kind, written so that Python and Rust (Polars) both understand it. Rust's text has no surrogates.
CONTROL = _class((*_CONTROLS, *_NONCHARACTERS))
MARK = _class(_MARKS)
_UNFIT = re.compile(_class((*_CONTROLS, *_SURROGATES, *_NONCHARACTERS)))
_UNFIT_IN_LINES = re.compile(
    _class(((0x00, 0x08), (0x0B, 0x0C), (0x0E, 0x1F), *_CONTROLS[1:], *_SURROGATES, *_NONCHARACTERS))
)
_MARK = re.compile(MARK)

_LONGEST_PATH = 100
_TEXTS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_BRACKETS = re.compile(r"[\[\]{}]")


class Bound(StrEnum):
    """What was found to be beyond a bound, each with its sentence."""

    NOT_JSON = "not_json", "This is not JSON: see line %(line)s, column %(column)s."
    NOT_UTF8 = "not_utf8", "The text is not UTF-8."
    TOO_LONG = "too_long", "The document has %(found)s characters; at most %(limit)s are read."
    TOO_DEEP = "too_deep", "The document is nested more than %(limit)s deep."
    TOO_MANY_VALUES = "too_many_values", "The document holds more than %(limit)s values."
    TOO_MANY_NAMES = "too_many_names", "An object of the document has %(found)s names; at most %(limit)s are read."
    NUMBER_TOO_LONG = "number_too_long", "A number of the document has more than %(limit)s digits: %(value)s…"
    NUMBER_TOO_LARGE = "number_too_large", "A number of the document is too large: %(value)s."
    NOT_A_NUMBER = "not_a_number", "%(value)s is not a number."
    UNFIT_SIGN = "unfit_sign", "%(field)s holds a sign that no text may hold (%(sign)s)."

    sentence: str

    def __new__(cls, code: str, sentence: str) -> "Bound":
        member = str.__new__(cls, code)
        member._value_ = code
        member.sentence = sentence
        return member


class OutOfBounds(ValueError):
    """Something sent is beyond a bound: `code` says which, `facts` names the limit and what was found."""

    def __init__(self, code: Bound, **facts: Any) -> None:
        super().__init__(code.sentence % facts)
        self.code, self.facts = code, facts


@dataclass(frozen=True, slots=True)
class JsonBounds:
    """How much JSON is read: characters in all, nesting, values in all, names of one object, digits of one number."""

    characters: int = 1_000_000
    depth: int = 32
    values: int = 100_000
    names: int = 1_000
    digits: int = 40


TYPED = JsonBounds()


def json_of(written: str | bytes, bounds: JsonBounds = TYPED) -> Any:
    """Return what a JSON document says, with whole numbers of 64 bits at most and finite floats.

    Raises:
        OutOfBounds: it is not JSON, too much of something, or holds a text or a number nothing can keep.
    """
    text = _text_of(written)
    if len(text) > bounds.characters:
        raise OutOfBounds(Bound.TOO_LONG, found=len(text), limit=bounds.characters)
    check_depth(text, bounds.depth)
    try:
        found = json.loads(
            text,
            parse_int=lambda digits: _whole(digits, bounds.digits),
            parse_float=lambda digits: _float(digits, bounds.digits),
            parse_constant=_no_number,
        )
    except json.JSONDecodeError as problem:
        raise OutOfBounds(Bound.NOT_JSON, line=problem.lineno, column=problem.colno) from None
    except RecursionError:
        raise OutOfBounds(Bound.TOO_DEEP, limit=bounds.depth) from None
    _check(found, bounds)
    return found


def whole_of(written: str, *, most: int = _LARGEST_WHOLE) -> int | None:
    """Return the whole number a text says in ASCII digits, `most` if it is larger, None if it says none."""
    if not (written.isascii() and written.isdigit()):
        return None
    significant = written.lstrip("0") or "0"
    return most if len(significant) > len(str(most)) else min(int(significant), most)


def unfit_sign(text: str, *, lines: bool = False) -> str | None:
    """Return the first sign that no text may hold, as `U+0000`, or None.

    These are control characters, lone surrogates and noncharacters. lines: tabs and line ends are allowed.
    """
    found = (_UNFIT_IN_LINES if lines else _UNFIT).search(text)
    return f"U+{ord(found[0]):04X}" if found else None


def tidy(text: str, *, instead: str = "\ufffd") -> str:
    """Return a text that any page, file and column can hold: without unseen marks, `instead` for each unfit sign."""
    return _UNFIT.sub(instead, _MARK.sub("", text))


def _text_of(written: str | bytes) -> str:
    if isinstance(written, str):
        return written.removeprefix("\ufeff")
    try:
        return written.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise OutOfBounds(Bound.NOT_UTF8) from None


def check_depth(text: str, limit: int) -> None:
    """Measure the nesting before a reader recurses into it; brackets inside of texts do not count.

    Raises:
        OutOfBounds: it is nested deeper.
    """
    depth = 0
    for bracket in _BRACKETS.findall(_TEXTS.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > limit:
            raise OutOfBounds(Bound.TOO_DEEP, limit=limit)


def _whole(digits: str, limit: int) -> int:
    if len(digits.lstrip("-")) > limit:
        raise OutOfBounds(Bound.NUMBER_TOO_LONG, limit=limit, value=digits[:limit])
    number = int(digits)
    if abs(number) > _LARGEST_WHOLE:
        raise OutOfBounds(Bound.NUMBER_TOO_LARGE, value=digits)
    return number


def _float(digits: str, limit: int) -> float:
    if len(digits.lstrip("-")) > limit:
        raise OutOfBounds(Bound.NUMBER_TOO_LONG, limit=limit, value=digits[:limit])
    number = float(digits)
    if not math.isfinite(number):
        raise OutOfBounds(Bound.NUMBER_TOO_LARGE, value=digits)
    return number


def _no_number(written: str) -> Any:
    raise OutOfBounds(Bound.NOT_A_NUMBER, value=written)


def _check(document: Any, bounds: JsonBounds) -> None:
    for count, (field, value) in enumerate(_all(document, bounds.names), start=1):
        if count > bounds.values:
            raise OutOfBounds(Bound.TOO_MANY_VALUES, limit=bounds.values)
        if isinstance(value, str) and (sign := unfit_sign(value, lines=True)):
            raise OutOfBounds(Bound.UNFIT_SIGN, field=field, sign=sign)


def _all(document: Any, names: int) -> Iterator[tuple[str, Any]]:
    """Yield every value and every name of a document with the path of its field, such as `elements[0].note`."""
    waiting = [("", document)]
    while waiting:
        path, value = waiting.pop()
        yield path or "The document", value
        if isinstance(value, list):
            waiting += [(f"{path}[{index}]", each) for index, each in enumerate(value)]
        elif isinstance(value, dict):
            if len(value) > names:
                raise OutOfBounds(Bound.TOO_MANY_NAMES, found=len(value), limit=names)
            for name, each in value.items():
                field = tidy(f"{path}.{name}" if path else name)[:_LONGEST_PATH]
                waiting += [(field, name), (field, each)]
