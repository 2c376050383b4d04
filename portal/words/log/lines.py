"""Entries of the audit log as a reader sees them: who did what, how, to what, and what stood there before and after.

Used wherever entries are shown or written into a file. The log holds numbers instead of names; they are
looked up here for all entries of a page at once, while the people and rows are still known.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.translation import gettext as _

from billing.models import Export, Pricing
from charging.models import ImportLook
from portal.words.log.events import EVENTS, ROW_WORDS, TASKS, kind
from portal.words.log.fields import name_of
from portal.words.log.values import written
from portal.words.say import SENTENCES, say
from tenants.log import refused_access
from tenants.models import ApiKey, Approval, AuditCheck, AuditEntry, AuditSeal, Invitation, Membership, User
from tenants.scoping import OperatorOwned
from tenants.selectors import people

Change = tuple[str, str, str]
#: Kinds of rows that have no name but their number.
_NUMBERED = {AuditCheck, AuditSeal, ImportLook, Invitation, Membership, Pricing}


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as a reader sees it.

    who: the name of whoever acted. how: in whose name, as what; empty for a person on their own behalf.
    persons: the accounts behind it, who acted first: people choose their names, so a name proves nobody. None for
    strangers, who are nobody's business here.
    """

    public_id: UUID
    at: datetime
    who: str
    how: str
    sentence: str
    about: str
    kind: str
    address: str
    request: str
    user_agent: str
    changes: list[Change]
    persons: tuple[User, ...] = ()


def lines(entries: Sequence[AuditEntry]) -> list[Line]:
    """Return the entries in words, in the same order. A handful of queries for all of them."""
    names = _Names(entries)
    return [_line(entry, names) for entry in entries]


def model_of(entry: AuditEntry) -> type[models.Model] | None:
    """The kind of row the entry is about; None when the portal no longer has it. Costs no query."""
    return ContentType.objects.get_for_id(entry.content_type_id).model_class()


class _Names:
    """The people and rows that the entries mention by number."""

    def __init__(self, entries: Sequence[AuditEntry]) -> None:
        wanted: dict[type[models.Model], set[int]] = {User: set(), ApiKey: set()}
        for entry in entries:
            wanted[User].update(number for number in (entry.actor_id, entry.on_behalf_of) if number)
            if entry.api_key_id:
                wanted[ApiKey].add(entry.api_key_id)
            model = model_of(entry)
            if model is User and entry.object_id:
                wanted[User].add(entry.object_id)
            for field, values in _references(model, entry):
                wanted.setdefault(field, set()).update(values)
        self._rows = {model: _known(model, ids) for model, ids in wanted.items()}

    def person(self, number: int) -> str:
        user = self._rows[User].get(number)
        return str(user) if user else _("person %(number)s") % {"number": number}

    def accounts(self, entry: AuditEntry) -> tuple[User, ...]:
        if entry.event in refused_access.OF_STRANGERS:
            return ()
        numbers = dict.fromkeys(number for number in (entry.actor_id, entry.on_behalf_of) if number)
        return tuple(self._rows[User][number] for number in numbers if number in self._rows[User])

    def row(self, model: type[models.Model], number: Any) -> str:
        known = self._rows.get(model, {}).get(number)
        return str(known) if known else f"#{number}"


def _known(model: type[models.Model], ids: Iterable[int]) -> dict[int, Any]:
    if not ids:
        return {}
    if model is User:
        return dict(people.named(ids))
    # Owned rows are narrowed by their manager; the few global tables hold nothing of another operator's people.
    return model._default_manager.in_bulk(set(ids)) if issubclass(model, OperatorOwned) else {}


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
    return Line(
        public_id=entry.public_id,
        at=entry.timestamp,
        who=_who(entry, names),
        how=_how(entry, names),
        sentence=_sentence(entry, model),
        about=_about(entry, model, names),
        kind=kind(model) if model else "",
        address=entry.remote_addr or "",
        request=entry.cid or "",
        user_agent=entry.user_agent,
        changes=_changes(entry, model, names),
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
        return str(TASKS.get(entry.task, entry.task))
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


def _about(entry: AuditEntry, model: type[models.Model] | None, names: _Names) -> str:
    if model is User and entry.object_id:
        return names.person(entry.object_id)
    if model is Membership and isinstance(entry.changes, dict) and "user" in entry.changes:
        return next((names.person(number) for number in entry.changes["user"] if number), "")
    if model is Approval:
        return written("act", entry.object_repr.split(" ")[0])
    if model is Export:  # named in the language of whoever wrote the entry, up to the month
        return str(entry.object_repr).rsplit(" ", 1)[-1]
    return f"#{entry.object_id}" if model in _NUMBERED else str(entry.object_repr)


def _changes(entry: AuditEntry, model: type[models.Model] | None, names: _Names) -> list[Change]:
    if entry.event:
        facts = entry.additional_data or {}
        return [(name_of(key), "", written(key, fact, entry.event)) for key, fact in facts.items()]
    found = []
    for name, pair in sorted((entry.changes or {}).items()):
        field = _field(model, name)
        if name in {"id", "public_id", "operator", "error_facts"} or len(pair) != 2:
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
    return written(field.name if field is not None else "", value)
