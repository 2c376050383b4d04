"""The words by which exports name their columns, as data in `charging/data/headings.toml`."""

import tomllib
from pathlib import Path
from typing import Any, Final

from charging.ingest.layout import Field

_FILE: Final = Path(__file__).resolve().parents[1] / "data" / "headings.toml"
_SAID: Final[dict[str, Any]] = tomllib.loads(_FILE.read_text(encoding="utf-8"))

#: The phrases that name each fact, and those that name it where nothing better does.
PHRASES: Final[dict[Field, list[str]]] = {
    fact: [phrase for phrases in _SAID[fact].values() for phrase in phrases] for fact in Field if fact in _SAID
}
SECOND: Final[dict[Field, list[str]]] = {Field(fact): phrases for fact, phrases in _SAID["second"].items()}
#: Words that turn a heading into something else, whatever stands beside them.
OTHER: Final = frozenset(word for words in _SAID["other"].values() for word in words)
#: Words without meaning of their own, words of a date, and words of a time of day.
FILLERS: Final = frozenset(_SAID["parts"]["fillers"])
DATE_WORDS: Final = frozenset(_SAID["parts"]["date"])
CLOCK_WORDS: Final = frozenset(_SAID["parts"]["clock"])
