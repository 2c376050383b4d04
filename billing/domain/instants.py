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

from billing.domain.columns import Ints
from billing.domain.documents import instant
from billing.domain.errors import BillingError, SessionError

_LENGTH: Final = 20
_MARKS: Final = np.frombuffer(b"--T::Z", dtype=np.uint8)
_MARK_PLACES: Final = np.array([4, 7, 10, 13, 16, 19])
_DIGIT_PLACES: Final = np.array([0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18])
_ZERO: Final = ord("0")
DAY_S: Final = 86400
#: The second half of an OCPI DateTime, by second of the day (UTC).
_CLOCK: Final = np.array([f"T{at // 3600:02d}:{at // 60 % 60:02d}:{at % 60:02d}Z" for at in range(DAY_S)], dtype=object)
#: Beyond this many days between the first and the last date only those that occur are listed.
_MANY_DAYS: Final = 20_000

#: Stands for a text that is no instant.
UNREADABLE: Final = -(2**62)


def read(texts: Sequence[str]) -> Ints:
    """Epoch seconds of each text; `UNREADABLE` where it is not an instant."""
    joined = "".join(texts)
    if joined.isascii() and len(joined) == _LENGTH * len(texts):
        table = np.frombuffer(joined.encode("ascii"), dtype=np.uint8).reshape(-1, _LENGTH)
        if (table[:, _MARK_PLACES] == _MARKS).all():
            found = _from_table(table)
            if found is not None:
                return found
    return np.array([_read_one(text) for text in texts], dtype=np.int64)


def _from_table(table: np.ndarray[Any, np.dtype[np.uint8]]) -> Ints | None:
    """Epoch seconds of a table of well-formed texts; None if some character is no digit or some field out of range."""
    digits = table[:, _DIGIT_PLACES].T.astype(np.int64) - _ZERO
    year = digits[0] * 1000 + digits[1] * 100 + digits[2] * 10 + digits[3]
    month, day, hour, minute, second = (digits[place] * 10 + digits[place + 1] for place in range(4, 14, 2))
    plausible = (digits >= 0).all() and (digits <= 9).all() and (year >= 1).all() and (hour < 24).all()
    if not (plausible and (minute < 60).all() and (second < 60).all() and (month >= 1).all() and (month <= 12).all()):
        return None
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    first = months.astype("datetime64[D]").astype(np.int64)
    length = (months + 1).astype("datetime64[D]").astype(np.int64) - first
    if (day < 1).any() or (day > length).any():
        return None
    result: Ints = ((first + day - 1) * 24 + hour) * 3600 + minute * 60 + second
    return result


def _read_one(text: object) -> int:
    try:
        return int(instant(text, "instant", SessionError).timestamp())
    except BillingError:
        return UNREADABLE


def write(instants: Ints) -> tuple[list[str], list[str]]:
    """The dates (UTC) of these instants as text, and their times of day, to be put together."""
    days = instants // DAY_S
    return _dates(days), _CLOCK[instants - days * DAY_S].tolist()


def _dates(days: Ints) -> list[str]:
    if len(days) == 0:
        return []
    first = int(days.min())
    present = np.bincount(days - first) > 0 if int(days.max()) - first < _MANY_DAYS else None
    if present is None:
        distinct, which = np.unique(days, return_inverse=True)
        names = [_date(day) for day in distinct.tolist()]
    else:
        which = days - first
        names = [_date(first + day) if there else "" for day, there in enumerate(present.tolist())]
    dates: list[str] = np.array(names, dtype=object)[which].tolist()
    return dates


@lru_cache(maxsize=4096)
def _date(day: int) -> str:
    return datetime.fromtimestamp(day * DAY_S, UTC).strftime("%Y-%m-%d")
