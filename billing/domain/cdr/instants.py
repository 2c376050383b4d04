"""Instants as text: many OCPI DateTimes to epoch seconds at once, and back.

`2025-05-31T03:14:21Z` is twenty characters at fixed places, so a batch of them is a table of digits. Anything else
(fractions of a second, an offset, no letter at the end) is read one by one by `documents.instant`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

import numpy as np

from billing.domain.arrays import Ints
from billing.domain.documents import instant
from billing.domain.errors import BillingError, SessionError

_LENGTH: Final = 20
_MARKS: Final = {4: "-", 7: "-", 10: "T", 13: ":", 16: ":", 19: "Z"}
_DIGITS_AT: Final = [index for index in range(_LENGTH) if index not in _MARKS]
_ZERO: Final = ord("0")
_NINE: Final = 9
#: One row for each position of a text, one column for each text.
Digits = np.ndarray[Any, np.dtype[np.uint8]]
DAY_S: Final = 86400
#: The second half of an OCPI DateTime in two pieces: by minute of the day, and by second of the minute.
_MINUTES: Final = np.array([f"T{at // 60:02d}:{at % 60:02d}:" for at in range(DAY_S // 60)], dtype=object)
_SECONDS: Final = [f"{at:02d}Z" for at in range(60)]
#: A column of texts.
Texts = np.ndarray[Any, np.dtype[np.object_]]
#: Beyond this many days between the first and the last date only those that occur are listed.
_MANY_DAYS: Final = 20_000

#: Stands for a text that is no instant.
UNREADABLE: Final = -(2**62)


def read(texts: Sequence[str]) -> Ints:
    """Epoch seconds of each text; `UNREADABLE` where it is not an instant."""
    joined = "".join(texts)
    if joined.isascii() and len(joined) == _LENGTH * len(texts):
        table = np.frombuffer(joined.encode("ascii"), dtype=np.uint8).reshape(-1, _LENGTH)
        found = _from_table(np.ascontiguousarray(table.T))
        if found is not None:
            return found
    return np.array([_read_one(text) for text in texts], dtype=np.int64)


def _from_table(signs: Digits) -> Ints | None:
    """Epoch seconds of texts whose characters stand in columns; None if one of the texts is not a plain instant."""
    if any((signs[index] != ord(mark)).any() for index, mark in _MARKS.items()):
        return None
    digits = signs - _ZERO  # what is below "0" becomes large
    if any((digits[index] > _NINE).any() for index in _DIGITS_AT):
        return None
    century, of_century, month, day, hour, minute, second = (
        digits[index] * 10 + digits[index + 1] for index in (0, 2, 5, 8, 11, 14, 17)
    )
    if not ((hour < 24).all() and (minute < 60).all() and (second < 60).all()):
        return None
    if not ((month >= 1).all() and (month <= 12).all()):
        return None
    months = (century * np.int64(100) + of_century) * 12 + month
    starts = _month_starts()
    first = starts[months]
    if (months <= 12).any() or (day < 1).any() or (day > starts[months + 1] - first).any():
        return None
    result: Ints = (first + day - 1) * DAY_S + hour * np.int64(3600) + minute * np.int64(60) + second
    return result


@lru_cache(maxsize=1)
def _month_starts() -> Ints:
    """The day, counted from 1970, on which each month begins: entry 12 times the year plus 1 is that year's January."""
    months = np.arange(12 * 10_000 + 2) - 1 - 12 * 1970
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def _read_one(text: object) -> int:
    try:
        return int(instant(text, "instant", SessionError).timestamp())
    except BillingError:
        return UNREADABLE


def write(instants: Ints, ending: str = "") -> tuple[Texts, Texts, Texts]:
    """These instants (UTC) as text and what follows them, in three pieces to be put together."""
    seconds = np.array([f"{one}{ending}" for one in _SECONDS], dtype=object)
    minutes = instants // 60
    days = instants // DAY_S
    return _dates(days), _MINUTES[minutes - days * (DAY_S // 60)], seconds[instants - minutes * 60]


def _dates(days: Ints) -> Texts:
    if len(days) == 0:
        return np.zeros(0, dtype=object)
    first, last = int(days.min()), int(days.max())
    if last - first < _MANY_DAYS:
        present = np.bincount(days - first) > 0
        names = [_date(first + day) if there else "" for day, there in enumerate(present.tolist())]
        return np.array(names, dtype=object)[days - first]
    distinct, which = np.unique(days, return_inverse=True)
    return np.array([_date(day) for day in distinct.tolist()], dtype=object)[which]


@lru_cache(maxsize=4096)
def _date(day: int) -> str:
    return datetime.fromtimestamp(day * DAY_S, UTC).strftime("%Y-%m-%d")
