"""Headings compared with the words of `heading_words`.

A heading is reduced to its words (`"Start_plugin"`, `"StartPlugin"` and `"start plugin"` are the same, `"Énergie"` is
`"energie"`) and compared with the phrases of each fact. What stands in brackets says how, not what. The most specific
phrase wins: `"Start meter (kWh)"` is a meter, not a start time.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import zip_longest

from charging.domain.energy import EnergyUnit
from charging.ingest.heading_words import CLOCK_WORDS, DATE_WORDS, FILLERS, OTHER, PHRASES, SECOND
from charging.ingest.layout import LENGTHS, TIMES, DurationUnit, Field

_UNITS = {"kwh": EnergyUnit.KWH, "wh": EnergyUnit.WH, "mwh": EnergyUnit.MWH}
_DURATION_UNITS = {
    word: unit
    for unit, named in {
        DurationUnit.MILLISECONDS: "ms milliseconds millisekunder",
        DurationUnit.SECONDS: "s sec secs second seconds sek sekunder sekunden secondes secondi seconden segundos",
        DurationUnit.MINUTES: "min mins minute minutes minuter minutter minuten minuti minuuttia minutos minuut",
        DurationUnit.HOURS: "h hr hrs hour hours tim timmar timer std stunden heures ore uren tuntia horas",
    }.items()
    for word in named.split()
}
_WITHOUT_KEYS = {ord(sign): letters for sign, letters in zip("äöüåø", ("ae", "oe", "ue", "aa", "oe"), strict=True)}
_SAID_HOW = frozenset([*_UNITS, "kw", "w", "utc", "gmt", "local", "lokal", "hh", "mm", "ss", "iso"])
_PERSONS_NAMES = frozenset(["name", "namn", "navn", "nom", "nome", "naam", "nimi", "nombre", "fullname"])


def words(heading: str) -> tuple[str, ...]:
    """Return the lower-case words of a heading: `"Start_plugin (UTC)"` -> `("start", "plugin", "utc")`."""
    plain = re.sub(r"(k|M|G)?Wh(?![a-z])", lambda unit: f" {unit[0].lower()} ", unicodedata.normalize("NFC", heading))
    plain = re.sub(r"kW(?![a-z])", " kw ", plain)
    spaced = re.sub(r"(?<=[^\W\d_A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", plain)
    return tuple(re.findall(r"[^\W_]+", _folded(spaced)))


@lru_cache(maxsize=4_096)  # each heading is asked about under every delimiter
def fact_of(heading: str) -> tuple[Field, float] | None:
    """Return what a heading seems to name and how sure that is (0 to 1), or None.

    A heading that is exactly a known phrase is certain; one that contains a phrase and more words is less so, in
    proportion to the words the phrase explains.
    """
    whole = words(heading)
    bare = words(re.sub(r"[(\[].*?[)\]]", " ", heading)) or whole
    said = tuple(word for word in bare if word not in _SAID_HOW) or bare
    for exact in (whole, bare, said, tuple(word for word in said if not word.isdigit() and word not in FILLERS)):
        if exact in _FACTS:
            return _FACTS[exact]
    length = tuple(word for word in said if word not in _DURATION_UNITS)
    if length != said and _FACTS.get(length, (None,))[0] in LENGTHS:
        return _FACTS[length]
    if not OTHER_FOLDED.isdisjoint(said) or len(said) > 12:
        return None
    return _inside(said)


def _inside(said: tuple[str, ...]) -> tuple[Field, float] | None:
    telling = [word for word in said if word not in FILLERS and not word.isdigit()]
    inside = [
        (phrase, *_FACTS[phrase])
        for at, word in enumerate(said)
        for phrase in _BY_FIRST_WORD.get(word, ())
        if said[at : at + len(phrase)] == phrase
    ]
    if not inside or not telling:
        return None
    phrase, fact, sure = max(inside, key=lambda found: (len(found[0]), len("".join(found[0]))))
    rest = [word for word in telling if word not in phrase]
    if fact not in (*TIMES, *LENGTHS) and not (DATE_WORDS | CLOCK_WORDS).isdisjoint(rest):
        return None
    if fact is Field.TOKEN and not _PERSONS_NAMES.isdisjoint(rest):
        return None
    explained = sum(word in phrase for word in telling)
    return fact, 0.8 * sure * explained / len(telling)


def recognised(cells: Sequence[str]) -> int:
    """Return how many different facts a row of headings names."""
    return len({found[0] for cell in cells if len(cell) < 60 and (found := fact_of(cell))})


def best_header(rows: Sequence[tuple[int, Sequence[str]]], most: int) -> tuple[int, list[str]]:
    """Return the line on which the header ends, and its cells: of the first rows the one that names the most facts.

    Where the next row names more below it, as under merged cells, the header is both. most: columns that are looked at.
    """
    named = [(recognised(cells[:most]), -line) for line, cells in rows]
    at = max(range(len(rows)), key=lambda row: named[row])
    (line, cells), known = rows[at], named[at][0]
    for first in range(max(0, at - 1), min(at + 1, len(rows) - 1)):
        below, lower = rows[first + 1]
        both = _joined(rows[first][1], lower)
        if recognised(both[:most]) > known and not any(sign.isdigit() for cell in lower for sign in cell):
            line, cells, known = below, both, recognised(both[:most])
    return line, list(cells)


def _joined(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    """Return headings of two rows: the lower one where it says a fact by itself, else both."""
    return [
        below if fact_of(below) else " ".join(filter(None, map(str.strip, (above, below))))
        for above, below in zip_longest(upper, lower, fillvalue="")
    ]


def unit_of(heading: str) -> EnergyUnit | None:
    """Return the unit of energy a heading names."""
    return next((_UNITS[word] for word in words(heading) if word in _UNITS), None)


def duration_unit_of(heading: str) -> DurationUnit | None:
    """Return the unit of a length of time that a heading names, none for `hh:mm:ss`, which names its own."""
    said = words(heading)
    return (
        None
        if "mm" in said
        else next((_DURATION_UNITS[word] for word in reversed(said) if word in _DURATION_UNITS), None)
    )


def is_date_part(heading: str) -> bool:
    """Whether a heading names a date rather than a time of day."""
    return not DATE_WORDS.isdisjoint(words(heading))


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.lower().replace("ß", "ss").replace("æ", "ae").replace("ø", "o"))
    return "".join(sign for sign in plain if not unicodedata.combining(sign))


def _spellings(phrase: str) -> set[tuple[str, ...]]:
    """Return a phrase without accents, and as those write it who have no keys for them."""
    without = phrase.translate(_WITHOUT_KEYS)
    return {tuple(_folded(one).split()) for one in (phrase, without)}


def _facts() -> dict[tuple[str, ...], tuple[Field, float]]:
    facts: dict[tuple[str, ...], tuple[Field, float]] = {}
    for fact, phrases in SECOND.items():
        facts |= {spelling: (fact, 0.9) for phrase in phrases for spelling in _spellings(phrase)}
    for fact, phrases in PHRASES.items():
        facts |= {spelling: (fact, 1.0) for phrase in phrases for spelling in _spellings(phrase)}
    return facts


_FACTS = _facts()
_BY_FIRST_WORD: dict[str, list[tuple[str, ...]]] = {}
for _phrase in _FACTS:
    _BY_FIRST_WORD.setdefault(_phrase[0], []).append(_phrase)
OTHER_FOLDED = frozenset(spelling[0] for word in OTHER for spelling in _spellings(word))
