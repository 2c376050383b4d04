"""What is said of a session beside what is stored of it. Pure: facts by name, as JSON and as values.

Facts that are said to be nothing say nothing. Facts follow each other: when charging ended is not known of a session
that did not last then, and readings of a session whose energy or time is another are no longer its own.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

#: Facts that two sayings can differ in, as they are shown: which outlet, which card, when, how much.
COMPARED: Final[tuple[str, ...]] = (
    "connector_id", "token_id", "started_at", "ended_at", "charging_ended_at", "energy_wh", "meter_start_wh",
)  # fmt: skip
SERIES: Final[tuple[str, ...]] = ("series_start", "series_interval_s", "series_wh")
_TIMES: Final = frozenset({"started_at", "ended_at", "charging_ended_at", "series_start"})
#: What a row names, and the number it has here once it is known.
NAMED: Final[dict[str, str]] = {"station": "connector_id", "token": "token_id"}
_OF_SERIES: Final = frozenset({"started_at", "ended_at", "energy_wh"})


def read(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts that a stored saying holds, as values; instants are aware."""
    facts = {name: said.get(name) for name in (*COMPARED, *SERIES)}
    return {name: _value(name, fact) for name, fact in facts.items() if fact is not None}


def written(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts as JSON holds them."""
    return {name: fact.isoformat() if isinstance(fact, datetime) else fact for name, fact in facts.items()}


def stored(session: object) -> dict[str, Any]:
    """Return the facts of a session that something else can be said of."""
    return {name: getattr(session, name) for name in (*COMPARED, *SERIES)}


def undone(facts: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts as they were; before: what a correction that was taken over keeps of them, as JSON holds it."""
    return {**facts, **{name: None if fact is None else _value(name, fact) for name, fact in before.items()}}


def unknown(said: Mapping[str, Any]) -> list[str]:
    """Return what is named and is not there: `station`, `token`."""
    return [name for name, key in NAMED.items() if said.get(name) and said.get(key) is None]


def changes(stored: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts that would be others, with what they would be; empty when all that is said is stored."""
    facts = read(said)
    found = {name: facts[name] for name in COMPARED if name in facts and facts[name] != stored[name]}
    if not found:
        return {}
    now = {**stored, **found}
    begins, charged, ends = (now[name] for name in ("started_at", "charging_ended_at", "ended_at"))
    if charged is not None and (charged < begins or (ends is not None and charged > ends)):
        found["charging_ended_at"] = None
    if "series_wh" in facts:
        found |= {name: facts.get(name) for name in SERIES}
    elif found.keys() & _OF_SERIES and stored["series_wh"] is not None:
        found |= dict.fromkeys(SERIES)
    return found


def _value(name: str, fact: Any) -> Any:
    return datetime.fromisoformat(fact) if name in _TIMES else fact
