"""Guess which column holds which fact, from its heading first and its values second.

A guess is shown with its confidence and confirmed by a person, or by the profile that person saved. What is less than
even is not taken at all: of a fact that no session can do without it is proposed, of any other it is left out.
"""

from dataclasses import dataclass, field

import polars as pl

from charging.ingest.durations import seconds_of, tells_its_unit
from charging.ingest.headers import duration_unit_of, fact_of, is_date_part, unit_of, words
from charging.ingest.heading_words import CLOCK_WORDS, DATE_WORDS, OTHER
from charging.ingest.layout import ENERGIES, LENGTHS, NOTHING, TIMES, DateOrder, Field, Layout
from charging.ingest.raw import RawChunk
from charging.ingest.written_times import read_apart, taken_apart

_CLOCK = r"^(?:\d{1,2}[:.h]\d{2}|0?[.,]\d+$|\d{4}-\d\d-\d\d[T ]\d\d:\d\d)"
_DAY = r"^(?:\d{1,4}[./ -]+(?:\d{1,2}|[^\W\d_]{3,9}\.?)[./ -]+\d{2,4}\.?|(?:19|20)\d{6}|[345]\d{4}(?:[.,]0+)?)"
_DAY += r"(?:[T ]00:00.*|[T ]12:00(?::00)? AM)?$"
_NUMBER = r"(?i)^[+-]?[\d\s.,'’]*\d[\d.,]*(?:[eE][+-]?\d+)?(?:\s*[kM]?Wh)?$"
#: The number of a chip, of whole bytes; and a power in the name of a model.
_CHIP = r"(?i)^(?:[0-9A-F]{2}[:\- ]?){4}(?:(?:[0-9A-F]{2}[:\- ]?){3}(?:(?:[0-9A-F]{2}[:\- ]?){3})?)?$"
_CHIP_LETTERS = r"(?i)[A-F]"
_MODEL = r"(?i)[a-z]{3}.*\d ?kW\b|\d ?kW\b.*[a-z]{3}"
_SITE_FOR_STATION = 0.3
_BY_VALUES, _BY_UNIT = 0.5, 0.6
_EVEN = 0.5
_PROPOSED = (Field.STATION, Field.STARTED_AT, Field.ENDED_AT, Field.ENERGY)
_LOOKED_AT = 1000

Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Guess:
    """A layout made of headings and values, and how sure each of its facts is, from 0 to 1.

    proposals: columns that may hold a needed fact, but too unsure to be taken.
    """

    layout: Layout
    confidence: dict[Field, float]
    proposals: dict[Field, str] = field(default_factory=dict)


def guessed(header: list[str], sample: RawChunk, said: Layout | None = None) -> Guess:
    """Return the most likely meaning of each column; facts nothing hints at are left out.

    said: columns that a person named; they are kept, and their columns hold nothing else.
    """
    named = dict(said.columns) if said else {}
    taken = {name for names in named.values() for name in names}
    found = {fact: (names, 1.0) for fact, names in named.items()}
    free = [name for name in header if name not in taken]
    for fact, candidates in _candidates(free).items():
        if fact not in found:
            found[fact] = _best(fact, candidates, sample.frame)
    _plain_dates(found, free, sample.frame)
    _by_what_it_looks_like(found, free, sample.frame)
    _stand_ins(found, sample.frame)
    columns = {fact: names for fact, (names, sure) in found.items() if sure >= _EVEN or fact in named}
    if Field.STATION not in columns and Field.SITE in columns and not (said and said.default_station):
        columns[Field.STATION] = columns[Field.SITE]
        found[Field.STATION] = columns[Field.SITE], _SITE_FOR_STATION
    confidence = {fact: round(found[fact][1], 2) for fact in columns}
    proposals = {fact: names[0] for fact, (names, _) in found.items() if fact in _PROPOSED and fact not in columns}
    return Guess(Layout(columns=columns), confidence, proposals)


Found = dict[Field, tuple[Names, float]]


def _candidates(header: list[str]) -> dict[Field, list[tuple[str, float]]]:
    candidates: dict[Field, list[tuple[str, float]]] = {}
    for name in header:
        if found := fact_of(name):
            candidates.setdefault(found[0], []).append((name, found[1]))
    both = [(name, sure) for name in header if is_date_part(name) and len(words(name)) == 1 for sure in [0.9]]
    for fact in (Field.STARTED_AT, Field.ENDED_AT) if both else ():
        if fact in candidates:  # one date that both clocks belong to
            candidates[fact].extend(one for one in both if one not in candidates[fact])
    return candidates


def _best(fact: Field, candidates: list[tuple[str, float]], frame: pl.DataFrame) -> tuple[Names, float]:
    if fact in TIMES:
        return _best_time(candidates, frame)
    scored = [((name,), sure * _fit(fact, _values(frame, name), sure)) for name, sure in candidates]
    if fact in LENGTHS:
        scored = [(names, sure * _length_fit(names[0], frame)) for names, sure in scored]
    return max(scored, key=lambda found: found[1])


def _best_time(candidates: list[tuple[str, float]], frame: pl.DataFrame) -> tuple[Names, float]:
    """Prefer one column with date and time of day; else join a date with a time of day.

    A date whose clock always shows midnight is a date, when there is a clock beside it.
    """
    dates = [(name, sure) for name, sure in candidates if _share(_values(frame, name), _DAY) > _EVEN]
    days = {name for name, _ in dates}
    clocks = [
        (name, sure) for name, sure in candidates if name not in days and _share(_values(frame, name), _CLOCK) > _EVEN
    ]
    whole = [((name,), sure) for name, sure in candidates if _holds_instants(_values(frame, name))]
    only_clocks = [(name, sure) for name, sure in clocks if ((name,), sure) not in whole]
    if dates and (beside := only_clocks or clocks):
        date, clock = (max(found, key=lambda one: one[1]) for found in (dates, beside))
        return (date[0], clock[0]), max(date[1], clock[1])
    if whole:
        return max(whole, key=lambda found: found[1])
    name, sure = max(candidates, key=lambda one: one[1])
    return (name,), sure if not len(_values(frame, name)) else sure * 0.5


def _fit(fact: Field, values: pl.Series, sure: float) -> float:
    """Return how well values suit a fact: 1 well, less when they speak against it or say nothing."""
    if not len(values):
        return 0.8
    if fact in ENERGIES:
        return _share(values, _NUMBER)
    if fact is Field.EXTERNAL_ID:  # an id stays the id though it repeats, but a doubtful heading must prove it
        distinct = values.n_unique() / len(values)
        return 1.0 if distinct == 1 else 0.9 if sure >= _EVEN else 0.0
    if fact is Field.POWER:
        return _share(values, r"(?i)^\d+(?:[.,]\d+)?\s*(?:k?W)?$")
    return 1.0


def _length_fit(name: str, frame: pl.DataFrame) -> float:
    values = _values(frame, name)
    if not len(values):
        return 1.0
    return 1.0 if seconds_of(values, duration_unit_of(name), bare=True).null_count() < len(values) * _EVEN else 0.0


def _by_what_it_looks_like(found: Found, free: list[str], frame: pl.DataFrame) -> None:
    """Fill in what no heading names, where the values or a unit leave one answer."""
    used = {name for names, sure in found.values() if sure >= _EVEN for name in names}
    left = [name for name in free if name not in used and not _names_something_else(name)]
    meters = Field.METER_START in found and Field.METER_STOP in found
    if not meters and found.get(Field.ENERGY, ((), 0.0))[1] < _EVEN:
        of_energy = [name for name in left if unit_of(name) and _share(_values(frame, name), _NUMBER) > 0.9]
        if len(of_energy) == 1:
            found[Field.ENERGY] = (of_energy[0],), _BY_UNIT
    _names_by_values(found, left, frame)
    _times_by_values(found, [name for name in left if _holds_instants(_values(frame, name))], frame)


def _names_by_values(found: Found, left: list[str], frame: pl.DataFrame) -> None:
    """Chips have numbers that nothing else has, and models of stations say their power."""
    for fact, pattern in ((Field.TOKEN, _CHIP), (Field.POWER, _MODEL)):
        if found.get(fact, ((), 0.0))[1] < _EVEN:
            like = [name for name in left if _share(_values(frame, name), pattern) > 0.8]
            like = [name for name in like if fact is Field.POWER or _share(_values(frame, name), _CHIP_LETTERS) > 0.3]
            if len(like) == 1:
                found[fact] = (like[0],), _BY_VALUES


def _plain_dates(found: Found, free: list[str], frame: pl.DataFrame) -> None:
    """A date, and a clock, that do not say of what they are: of the start, where nothing else is."""
    end = found.get(Field.ENDED_AT, ((), 0.0))[0]
    if found.get(Field.STARTED_AT, ((), 0.0))[1] >= _EVEN:
        return
    dates = [name for name in free if words(name) and DATE_WORDS.issuperset(words(name))]
    clocks = [name for name in free if words(name) and CLOCK_WORDS.issuperset(words(name)) and name not in end]
    days = [name for name in dates if _share(_values(frame, name), _DAY) > _EVEN]
    hours = [name for name in clocks if _share(_values(frame, name), _CLOCK) > _EVEN]
    if len(days) == 1 and len(hours) < 2:
        found[Field.STARTED_AT] = (days[0], *hours), _BY_UNIT


def _times_by_values(found: Found, instants: list[str], frame: pl.DataFrame) -> None:
    start, end = (found.get(fact, ((), 0.0)) for fact in (Field.STARTED_AT, Field.ENDED_AT))
    has_length = found.get(Field.DURATION, ((), 0.0))[1] >= _EVEN
    if start[1] < _EVEN and end[1] < _EVEN and len(instants) == 2 and _in_order(frame, *instants):
        found[Field.STARTED_AT], found[Field.ENDED_AT] = (((name,), _BY_VALUES) for name in instants)
    only_end = end[1] < _EVEN and not has_length and len(instants) == 1 and len(start[0]) == 1
    if only_end and _in_order(frame, start[0][0], instants[0]):
        found[Field.ENDED_AT] = (instants[0],), _BY_VALUES


def _stand_ins(found: Found, frame: pl.DataFrame) -> None:
    """The end of charging stands for the end of a session of which nothing else is known; so does a length."""
    ended = found.get(Field.ENDED_AT, ((), 0.0))[1] >= _EVEN
    if ended:
        return
    if Field.CHARGING_ENDED in found and Field.DURATION not in found:
        found[Field.ENDED_AT] = found.pop(Field.CHARGING_ENDED)
        return
    for fact in (Field.DURATION, Field.CHARGING_TIME):
        if fact in found and _says_seconds(found[fact][0][0], frame):
            found[Field.DURATION] = found.pop(fact)
            found.pop(Field.ENDED_AT, None)
            return
    found.pop(Field.DURATION, None)


def _says_seconds(name: str, frame: pl.DataFrame) -> bool:
    return duration_unit_of(name) is not None or tells_its_unit(_values(frame, name))


def _in_order(frame: pl.DataFrame, first: str, second: str) -> bool:
    """Whether the second column is never before the first, in the order of dates that reads most of them."""
    read = [
        (read_apart(frame[first].head(_LOOKED_AT), order), read_apart(frame[second].head(_LOOKED_AT), order))
        for order in DateOrder
    ]
    one, other = min(read, key=lambda both: _unread(both[0]) + _unread(both[1]))
    kind = "utc" if one["utc"].null_count() < one["local"].null_count() else "local"
    later = (other[kind] >= one[kind]).drop_nulls()
    return bool(len(later) and later.all())


def _unread(times: pl.DataFrame) -> int:
    return int((times["utc"].is_null() & times["local"].is_null()).sum())


def _names_something_else(name: str) -> bool:
    return not OTHER.isdisjoint(words(name))


def _holds_instants(values: pl.Series) -> bool:
    if not len(values):
        return False
    apart = taken_apart(values)
    told = apart["clock_us"].is_not_null() | apart["utc"].is_not_null() | (apart["local"].is_not_null())
    numbers = values.str.contains(r"^\d{1,4}(?:[.,]\d+)?$")
    return int((told & ~numbers).sum()) > _EVEN * len(values)


def _share(values: pl.Series, pattern: str) -> float:
    return int(values.str.contains(pattern).sum() or 0) / len(values) if len(values) else 0.0


def _values(frame: pl.DataFrame, name: str) -> pl.Series:
    texts = frame[name].head(_LOOKED_AT).str.strip_chars()
    return texts.filter(~texts.is_in(list(NOTHING)))
