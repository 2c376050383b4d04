"""What a correction changes, in words: what stands there beside what is said."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.html import strip_tags
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.selectors.differences import Difference
from charging.domain import corrections
from charging.models import ChargingSession, Connector, Correction, Token
from portal.words import measures
from portal.words.measures import DASH

FACTS: dict[str, str | Promise] = {
    "connector_id": _("Outlet"),
    "token_id": _("Card"),
    "started_at": _("Started"),
    "ended_at": _("Ended"),
    "charging_ended_at": _("Charging ended"),
    "energy_wh": _("Energy"),
    "meter_start_wh": _("Meter at start"),
}
Change = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Settled:
    """A correction that somebody has decided on; `changes` are the first values beside those that were taken over."""

    correction: Correction
    changes: list[Change]


def told(difference: Difference) -> list[Change]:
    """Return (fact, what is stored, what is said) for each fact that differs, and for what is named and not there."""
    stored, said = difference.entry.session, difference.said
    zone = stored.site.time_zone
    found = [
        (str(FACTS[name]), _of(stored, name, zone=zone), _of(said, name, zone=zone)) for name in difference.changed
    ]
    for name in difference.unknown:
        fact, key = difference.correction.said[name], corrections.NAMED[name]
        found.append((str(FACTS[key]), _of(stored, key, zone=zone), gettext("%(name)s, not here") % {"name": fact}))
    return found


def settled(session: ChargingSession, rows: Sequence[Correction]) -> list[Settled]:
    """Return the decided corrections of the session with the values they were about, in their order."""
    sides = [(row, corrections.read(row.before or {}), corrections.read(row.said)) for row in rows]
    facts = [side for _row, before, said in sides for side in (before, said)]
    names = {
        "connector_id": _names(Connector.objects.select_related("station"), facts, "connector_id"),
        "token_id": _names(Token.objects.all(), facts, "token_id"),
    }
    zone = session.site.time_zone
    found = []
    for row, before, said in sides:
        stands = before if row.before is not None else corrections.stored(session)
        changed = [name for name in corrections.COMPARED if name in said and said[name] != stands.get(name)]
        kept = changed if row.before is None else [name for name in changed if name in row.before]
        sides_of = [
            (str(FACTS[name]), _text(name, stands.get(name), names, zone), _text(name, said[name], names, zone))
            for name in kept
        ]
        found.append(Settled(row, sides_of))
    return found


def _of(session: ChargingSession, name: str, *, zone: str) -> str:
    if name == "connector_id":
        return str(session.connector)
    if name == "token_id":
        return str(session.token or DASH)
    return _text(name, getattr(session, name), {}, zone)


def _text(name: str, fact: Any, names: Mapping[str, Mapping[int, str]], zone: str) -> str:
    if fact is None:
        return DASH
    if name in names:
        return names[name].get(fact, gettext("another one"))
    if isinstance(fact, datetime):
        return str(strip_tags(measures.local_time_exact(fact, zone)))
    return measures.kwh(fact, 3)


def _names(rows: Any, facts: Iterable[Mapping[str, Any]], name: str) -> dict[int, str]:
    found = rows.in_bulk({side[name] for side in facts if side.get(name)})
    return {pk: str(row) for pk, row in found.items()}
