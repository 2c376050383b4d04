"""Guess which column holds which fact, from its heading first and its values second.

A guess is shown with its confidence and confirmed by a person, or by the profile that person saved.
"""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from charging.ingest.headers import fact_of, is_date_part, is_time_part
from charging.ingest.layout import NOTHING, Field, Layout
from charging.ingest.raw import RawChunk

_TIMES = (Field.STARTED_AT, Field.ENDED_AT)
_NUMBERS = (Field.ENERGY, Field.METER_START, Field.METER_STOP)
_DATE = r"\d{1,4}[./ -](?:\d{1,2}|[A-Za-z]{3,9})[./ -]\d{2,4}"
_CLOCK = r"\d{1,2}[:.]\d{2}"
_EPOCH = r"^\d{10,13}(?:\.\d+)?$"
_SITE_FOR_STATION = 0.3
_RULED_OUT = 0.2


@dataclass(frozen=True, slots=True)
class Guess:
    """A layout made of headings and values, and how sure each of its facts is, from 0 to 1."""

    layout: Layout
    confidence: dict[Field, float]


def guessed(header: list[str], sample: RawChunk) -> Guess:
    """Return the most likely meaning of each column; facts nothing hints at are left out."""
    columns: dict[Field, tuple[str, ...]] = {}
    confidence: dict[Field, float] = {}
    for fact, candidates in _candidates(header).items():
        names, sure = _best(fact, candidates, sample.frame)
        if sure > _RULED_OUT:
            columns[fact], confidence[fact] = names, round(sure, 2)
    if Field.STATION not in columns and Field.SITE in columns:
        columns[Field.STATION], confidence[Field.STATION] = columns[Field.SITE], _SITE_FOR_STATION
    return Guess(Layout(columns=columns), confidence)


def _candidates(header: list[str]) -> dict[Field, list[tuple[str, float]]]:
    candidates: dict[Field, list[tuple[str, float]]] = {}
    for name in header:
        if found := fact_of(name):
            candidates.setdefault(found[0], []).append((name, found[1]))
    return candidates


def _best(fact: Field, candidates: list[tuple[str, float]], frame: pl.DataFrame) -> tuple[tuple[str, ...], float]:
    if fact in _TIMES:
        return _best_time(candidates, frame)
    scored = [((name,), sure * _fit(fact, _values(frame, name))) for name, sure in candidates]
    return max(scored, key=lambda found: found[1])


def _best_time(candidates: list[tuple[str, float]], frame: pl.DataFrame) -> tuple[tuple[str, ...], float]:
    """Prefer one column with date and time of day; else join a date with a time of day."""
    whole = [((name,), sure) for name, sure in candidates if _share(_values(frame, name), _is_instant) > 0.5]
    if whole:
        return max(whole, key=lambda found: found[1])
    dates = [
        (name, sure) for name, sure in candidates if is_date_part(name) or _share(_values(frame, name), _is_date) > 0.5
    ]
    clocks = [(name, sure) for name, sure in candidates if name not in dict(dates) and _is_clock_column(frame, name)]
    if dates and clocks:
        date, clock = (max(found, key=lambda one: one[1]) for found in (dates, clocks))
        return (date[0], clock[0]), min(date[1], clock[1])
    name, sure = max(candidates, key=lambda one: one[1])
    return (name,), sure * 0.5


def _is_clock_column(frame: pl.DataFrame, name: str) -> bool:
    return is_time_part(name) or _share(_values(frame, name), lambda texts: texts.str.contains(rf"^{_CLOCK}")) > 0.5


def _fit(fact: Field, values: pl.Series) -> float:
    """Return how well values suit a fact: 1 well or nothing to see, less when they speak against it."""
    if not len(values):
        return 1.0
    if fact in _NUMBERS:
        return _share(values, lambda texts: texts.str.contains(r"^[+-]?[\d .,']*\d[\d.,]*(?:[eE][+-]?\d+)?$"))
    if fact is Field.EXTERNAL_ID:
        return 1.0 if values.n_unique() > 0.9 * len(values) else 0.1
    if fact is Field.POWER:
        return _share(values, lambda texts: texts.str.contains(r"(?i)^\d+(?:[.,]\d+)?\s*(?:k?W)?$"))
    return 1.0


def _is_instant(texts: pl.Series) -> pl.Series:
    return texts.str.contains(rf"{_DATE}.*{_CLOCK}") | texts.str.contains(_EPOCH)


def _is_date(texts: pl.Series) -> pl.Series:
    return texts.str.contains(_DATE)


def _share(values: pl.Series, test: Callable[[pl.Series], pl.Series]) -> float:
    return int(test(values).sum() or 0) / len(values) if len(values) else 0.0


def _values(frame: pl.DataFrame, name: str) -> pl.Series:
    texts = frame[name].head(1000).str.strip_chars()
    return texts.filter(~texts.is_in(list(NOTHING)))
