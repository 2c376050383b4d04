"""Entries of the audit log as a reader sees them: who did what, how, to what, and what stood there before and after.

Used wherever entries are shown or written into a file. The log holds numbers instead of names; they are
looked up here for all entries of a page at once, while the people and rows are still known.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.models import Export, Invoice, PriceEffect, Pricing, ReminderTerms, TariffAssignment, TariffVersion
from charging.models import ImportLook, ImportUndo
from portal.words.log import tariff_prices
from portal.words.log.events import EVENTS, ROW_ACTS, ROW_WORDS, TASKS, VERBS, kind
from portal.words.log.fields import name_of
from portal.words.log.values import moment, written
from portal.words.measures import DASH
from portal.words.say import SENTENCES, say
from portal.words.work import KINDS
from tenants.log import refused_access
from tenants.models import (
    ApiKey,
    Approval,
    AuditCheck,
    AuditEntry,
    AuditSeal,
    Driver,
    DriverIdentity,
    Invitation,
    Membership,
    Operator,
    User,
)
from tenants.models.audit_entry import MASK
from tenants.scoping import OperatorOwned, current_operator_id
from tenants.selectors import people

Change = tuple[str, str, str]
#: Kinds of rows that are called by what stands in them today.
_LOOKED_UP = {User, Membership, Driver, Invitation, Invoice, TariffVersion}
#: Fields that tell a reader nothing: numbers of ours, the wording of a tariff, which is told as prices, and what the
#: entry says by its verb, its time and its person.
_LEFT_OUT = {
    "id", "public_id", "operator", "error_facts", "document", "document_sha256", "published_at", "published_by",
    "blocked_at", "blocked_before",
}  # fmt: skip
_EMPTY = {None, "", "None", "False", False}
#: How much of an entry's values its sentence holds; the rest stands below it.
MOST, LONGEST = 3, 90
_HASH = re.compile(r"\n|[0-9a-f]{32}|[{}\[\]]")
#: What the log calls a row that nobody has named: a word for the programmer, and its number.
_NUMBERED = re.compile(r"[a-z ]+ (\d{1,18})")


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as a reader sees it.

    sentence: what was done, of every entry of its kind. told: the same of this one, with names and values.
    who: the name of whoever acted. how: in whose name, as what; empty for a person on their own behalf.
    persons: the accounts behind it, who acted first: people choose their names, so a name proves nobody. None for
    strangers, who are nobody's business here.
    """

    public_id: UUID
    at: datetime
    who: str
    how: str
    sentence: str
    told: str
    about: str
    kind: str
    address: str
    request: str
    user_agent: str
    changes: list[Change]
    persons: tuple[User, ...] = ()


def lines(entries: Sequence[AuditEntry], *, zone: ZoneInfo) -> list[Line]:
    """Return the entries in words, in the same order, with times by the clock of `zone`. A handful of queries."""
    names = _Names(entries, zone)
    return [_line(entry, names) for entry in entries]


def model_of(entry: AuditEntry) -> type[models.Model] | None:
    """The kind of row the entry is about; None when the portal no longer has it. Costs no query."""
    return ContentType.objects.get_for_id(entry.content_type_id).model_class()


class _Names:
    """The people and rows that the entries mention by number."""

    def __init__(self, entries: Sequence[AuditEntry], zone: ZoneInfo) -> None:
        self.zone = zone
        wanted: dict[type[models.Model], set[int]] = {User: set(), ApiKey: set()}
        for entry in entries:
            wanted[User].update(number for number in (entry.actor_id, entry.on_behalf_of) if number)
            if entry.api_key_id:
                wanted[ApiKey].add(entry.api_key_id)
            model = model_of(entry)
            if model in _LOOKED_UP and entry.object_id:
                wanted.setdefault(model, set()).add(entry.object_id)
            for field, values in _references(model, entry):
                wanted.setdefault(field, set()).update(values)
        self._rows = {model: _known(model, ids) for model, ids in wanted.items()}
        self._names = _names_of(self._rows.get(Driver, {}))
        self._before = tariff_prices.before(self._rows.get(TariffVersion, {}).values())

    def person(self, number: int) -> str:
        user = self._rows[User].get(number)
        return str(user) if user else _("person %(number)s") % {"number": number}

    def accounts(self, entry: AuditEntry) -> tuple[User, ...]:
        if entry.event in refused_access.OF_STRANGERS:
            return ()
        numbers = dict.fromkeys(number for number in (entry.actor_id, entry.on_behalf_of) if number)
        return tuple(self._rows[User][number] for number in numbers if number in self._rows[User])

    def driver(self, number: int) -> str:
        """The name of the driver; empty when it is not known any more."""
        return self._names.get(number, "")

    def known(self, model: type[models.Model] | None, number: int | None) -> Any:
        return self._rows.get(model, {}).get(number or 0) if model else None

    def prices(self, entry: AuditEntry) -> list[Change]:
        """What the published version changed in prices."""
        version = self.known(TariffVersion, entry.object_id)
        return tariff_prices.changed(version, self._before.get(version.pk)) if version else []

    def row(self, model: type[models.Model], number: Any) -> str:
        known = self._rows.get(model, {}).get(number)
        return str(known) if known else f"#{number}"


def _known(model: type[models.Model], ids: Iterable[int]) -> dict[int, Any]:
    if not ids:
        return {}
    if model is User:
        return dict(people.named(ids))
    # Owned rows are narrowed by their manager, places and offers of places here. Other global tables hold nothing
    # of an operator's.
    if model in {Membership, Invitation}:
        return model._default_manager.filter(operator_id=current_operator_id()).in_bulk(set(ids))
    return model._default_manager.in_bulk(set(ids)) if issubclass(model, OperatorOwned) else {}


def _names_of(drivers: dict[int, Driver]) -> dict[int, str]:
    identities = DriverIdentity.objects.in_bulk({row.identity_id for row in drivers.values() if row.identity_id})
    return {pk: identities[row.identity_id].name for pk, row in drivers.items() if row.identity_id in identities}


def _references(model: type[models.Model] | None, entry: AuditEntry) -> Iterable[tuple[Any, set[int]]]:
    for name, pair in (entry.changes or {}).items():
        target = _target(model, name)
        if target is not None:
            yield target, {value for value in pair if isinstance(value, int)}


def _target(model: type[models.Model] | None, name: str) -> Any:
    field = _field(model, name)
    return field.related_model if field is not None and field.is_relation else None


def _field(model: type[models.Model] | None, name: str) -> Any:
    if model is None:
        return None
    return next((field for field in model._meta.concrete_fields if field.name == name), None)


def _line(entry: AuditEntry, names: _Names) -> Line:
    model = model_of(entry)
    about, changes = _about(entry, model, names), _changes(entry, model, names)
    return Line(
        public_id=entry.public_id,
        at=entry.timestamp,
        who=_who(entry, names),
        how=_how(entry, names),
        sentence=_sentence(entry, model),
        told=_told(entry, model, about, changes),
        about=about,
        kind=kind(model) if model else "",
        address=entry.remote_addr or "",
        request=entry.cid or "",
        user_agent=entry.user_agent,
        changes=changes,
        persons=names.accounts(entry),
    )


def _who(entry: AuditEntry, names: _Names) -> str:
    if entry.event in refused_access.OF_STRANGERS:
        return _("a person who is no member")
    if entry.actor_id:
        return names.person(entry.actor_id)
    if entry.api_key_id:
        return _("key %(name)s") % {"name": names.row(ApiKey, entry.api_key_id)}
    if entry.task:
        return str(TASKS.get(entry.task) or KINDS.get(entry.task, entry.task))
    return _("nobody signed in")


def _how(entry: AuditEntry, names: _Names) -> str:
    parts = []
    if entry.actor_id and entry.api_key_id:
        parts.append(_("by key %(name)s") % {"name": names.row(ApiKey, entry.api_key_id)})
    if entry.on_behalf_of and entry.on_behalf_of != entry.actor_id:
        parts.append(_("on behalf of %(person)s") % {"person": names.person(entry.on_behalf_of)})
    if entry.is_platform:
        parts.append(_("visitor of the platform"))
    if entry.viewing_as:
        roles = dict(Membership.Role.choices)
        parts.append(_("looking as %(role)s") % {"role": roles.get(entry.viewing_as, entry.viewing_as)})
    return ", ".join(parts)


def _sentence(entry: AuditEntry, model: type[models.Model] | None) -> str:
    if entry.event:
        return str(EVENTS.get(entry.event, entry.event.replace(".", ": ", 1).replace("_", " ").capitalize()))
    what = kind(model) if model else ContentType.objects.get_for_id(entry.content_type_id).model
    words = str(ROW_WORDS[entry.action]) % {"kind": what}
    return words[:1].upper() + words[1:]


def _told(entry: AuditEntry, model: type[models.Model] | None, about: str, changes: list[Change]) -> str:
    """The entry as one sentence: what was done, to what, and the values, as far as they fit into it."""
    if entry.event:
        sentence = _sentence(entry, model)
        told = f"{sentence}: {about}" if about and model is not Operator else sentence
        values = [f"{name} {after}" for name, _before, after in changes if after and _is_short(name, after)]
        return f"{told} ({_some(values)})" if values else told
    kind_of = kind(model) if model else ContentType.objects.get_for_id(entry.content_type_id).model
    told = str(_verb(entry, model) or ROW_ACTS[entry.action]) % {"kind": kind_of, "about": about}
    if entry.action != AuditEntry.Action.UPDATE:
        return told.strip()
    values = [_change_in_words(*change) for change in changes if _is_short(change[1], change[2])]
    return f"{told}: {_some(values)}" if values else told.strip()


def _verb(entry: AuditEntry, model: type[models.Model] | None) -> str | Promise:
    """The verb for a change of one field; empty when there is none."""
    if model is None or entry.action != AuditEntry.Action.UPDATE:
        return ""
    for (label, field), (is_set, is_emptied) in VERBS.items():
        pair = (entry.changes or {}).get(field) if label == model._meta.label_lower else None
        if pair is not None and len(pair) == 2:
            return is_set if pair[1] not in _EMPTY else is_emptied
    return ""


def _change_in_words(name: str, before: str, after: str) -> str:
    if MASK in {before, after}:
        return name
    return f"{name} {before} → {after}" if before and after else f"{name} {after or DASH}"


def _is_short(*values: str) -> bool:
    """Whether a sentence can hold the values: no hash, no list, no text of several lines."""
    return sum(map(len, values)) <= LONGEST and not any(_HASH.search(value) for value in values)


def _some(values: list[str]) -> str:
    more = len(values) - MOST
    shown = ", ".join(values[:MOST])
    if more <= 0:
        return shown
    return ngettext("%(shown)s and %(n)d more", "%(shown)s and %(n)d more", more) % {"shown": shown, "n": more}


def _about(entry: AuditEntry, model: type[models.Model] | None, names: _Names) -> str:
    tell = _ABOUT.get(model) if model and entry.object_id else None
    if tell is None and model and not hasattr(model, "name"):
        numbered = _NUMBERED.fullmatch(str(entry.object_repr))
        tell = _number if numbered and int(numbered[1]) == entry.object_id else None
    return tell(entry, names) if tell else str(entry.object_repr)


def _place(entry: AuditEntry, names: _Names) -> str:
    place = names.known(Membership, entry.object_id)
    changed = (entry.changes or {}).get("user", []) if isinstance(entry.changes, dict) else []
    person = place.user_id if place else next((value for value in changed if value), None)
    return names.person(person) if person else _number(entry, names)


def _invitation(entry: AuditEntry, names: _Names) -> str:
    row = names.known(Invitation, entry.object_id)
    return str(row.email) if row else _number(entry, names)


def _invoice(entry: AuditEntry, names: _Names) -> str:
    row = names.known(Invoice, entry.object_id)
    if row is None:  # a draft that was discarded: its name was only a word
        return _number(entry, names)
    kind_of = str(row.get_kind_display())
    return f"{kind_of} {row}" if row.number else _("%(kind)s, draft") % {"kind": kind_of}


def _number(entry: AuditEntry, _names: _Names) -> str:
    return f"#{entry.object_id}"


#: What the thing is called today, where the log's own name is a number, a code, or a word in the writer's language.
_ABOUT: dict[type[models.Model], Callable[[AuditEntry, _Names], str]] = {
    User: lambda entry, names: names.person(entry.object_id or 0),
    Membership: _place,
    Driver: lambda entry, names: f"{entry.object_repr} {names.driver(entry.object_id or 0)}".strip(),
    Approval: lambda entry, _names: written("act", entry.object_repr.split(" ")[0]),
    Export: lambda entry, _names: str(entry.object_repr).rsplit(" ", 1)[-1],  # what kind of export is a change
    Invitation: _invitation,
    Invoice: _invoice,
    ReminderTerms: lambda entry, _names: _("everybody") if entry.object_repr == "*" else str(entry.object_repr),
    TariffAssignment: lambda entry, _names: str(entry.object_repr).replace("→ *", "→ " + _("everywhere")),
    **dict.fromkeys((AuditCheck, AuditSeal, DriverIdentity, ImportLook, ImportUndo, PriceEffect, Pricing), _number),
}


def _changes(entry: AuditEntry, model: type[models.Model] | None, names: _Names) -> list[Change]:
    if entry.event:
        facts = entry.additional_data or {}
        return [(name_of(key), "", moment(written(key, fact, entry.event), names.zone)) for key, fact in facts.items()]
    found = names.prices(entry) if _is_publication(entry, model) else []
    for name, pair in sorted((entry.changes or {}).items()):
        field = _field(model, name)
        if name in _LEFT_OUT or len(pair) != 2:
            continue
        before, after = (_value(field, value, names) for value in pair)
        if name == "error":
            before, after = _errors(entry.changes or {})
        found.append((name_of(name, str(field.verbose_name) if field else ""), before, after))
    return found


def _errors(changes: dict[str, Any]) -> Iterator[str]:
    """Why something failed, before and after: the code's sentence with its facts, which are a field of their own."""
    for code, about in zip(changes["error"], changes.get("error_facts", [None, None]), strict=True):
        known = isinstance(about, dict) and code in SENTENCES
        yield say(code, about) if known else written("error", code)


def _value(field: Any, value: Any, names: _Names) -> str:
    if field is not None and value is not None:
        if field.is_relation and isinstance(value, int):
            return names.person(value) if field.related_model is User else names.row(field.related_model, value)
        if field.choices:
            return str(dict(field.flatchoices).get(value, value))
    return moment(written(field.name if field is not None else "", value), names.zone)


def _is_publication(entry: AuditEntry, model: type[models.Model] | None) -> bool:
    return model is TariffVersion and "published_at" in (entry.changes or {})
