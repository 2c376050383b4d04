"""The audit log in sentences: who did what, and what stood there before and after.

Used wherever entries are shown. The log holds numbers instead of names; they are looked up here for
all entries of a page at once, while the people and rows are still known.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.web.audit_fields import name_of
from tenants.models import AuditEntry, Membership, User
from tenants.scoping import OperatorOwned
from tenants.selectors import people

EVENTS: dict[str, str | Promise] = {
    "sign_in.succeeded": gettext_lazy("Signed in"),
    "sign_in.wrong_password": gettext_lazy("Sign-in refused: wrong password"),
    "sign_in.wrong_code": gettext_lazy("Sign-in refused: wrong code"),
    "sign_in.recovery_code_used": gettext_lazy("Used a recovery code"),
    "sign_in.ended": gettext_lazy("Signed out"),
    "second_factor.enrolled": gettext_lazy("Set up a second factor"),
    "second_factor.replaced": gettext_lazy("Replaced the device of the second factor"),
    "second_factor.removed": gettext_lazy("Removed the second factor"),
    "second_factor.recovery_codes_made": gettext_lazy("Made new recovery codes"),
    "password.changed": gettext_lazy("Changed the password"),
    "password.set": gettext_lazy("Set the first password"),
    "password.link_made": gettext_lazy("Made a link for a first password"),
    "key.made": gettext_lazy("Made an API key"),
    "key.rotated": gettext_lazy("Rotated an API key"),
    "key.revoked": gettext_lazy("Revoked an API key"),
    "key.refused": gettext_lazy("An API key was refused"),
    "operator.created": gettext_lazy("Created the operator"),
    "consent.given": gettext_lazy("Consent given"),
    "consent.withdrawn": gettext_lazy("Consent withdrawn"),
    "consent.notice_published": gettext_lazy("Published a new wording of a consent"),
    "driver.viewed": gettext_lazy("Looked at a driver's page"),
    "driver.invited": gettext_lazy("Invited a driver to the portal"),
    "sessions.imported": gettext_lazy("Imported a file of sessions"),
    "import.rejected_downloaded": gettext_lazy("Downloaded the rejected rows of an import"),
    "token.sessions_given": gettext_lazy("Gave a card's sessions to a driver"),
    "session.approved": gettext_lazy("Approved a session under review"),
    "session.written_off": gettext_lazy("Wrote a session off"),
    "sessions.exported": gettext_lazy("Downloaded a list of sessions"),
    "run.drafted": gettext_lazy("Drafted the invoices of a run"),
    "run.issued": gettext_lazy("Issued the invoices of a run"),
    "run.discarded": gettext_lazy("Discarded the drafts of a run"),
    "invoice.credited": gettext_lazy("Credited an invoice"),
    "invoice.downloaded": gettext_lazy("Downloaded an invoice"),
    "export.requested": gettext_lazy("Asked for a download"),
    "export.made": gettext_lazy("Made a download"),
    "export.downloaded": gettext_lazy("Fetched a download"),
    "consents.viewed": gettext_lazy("Looked at a driver's consents"),
    "consents.downloaded": gettext_lazy("Downloaded the proof of a driver's consents"),
}
ROW_WORDS: dict[int, str | Promise] = {
    AuditEntry.Action.CREATE: gettext_lazy("%(kind)s added"),
    AuditEntry.Action.UPDATE: gettext_lazy("%(kind)s changed"),
    AuditEntry.Action.DELETE: gettext_lazy("%(kind)s removed"),
}
KINDS: dict[str, str | Promise] = {
    "tenants.operator": gettext_lazy("operator"),
    "tenants.apikey": gettext_lazy("API key"),
    "tenants.user": gettext_lazy("person"),
    "tenants.membership": gettext_lazy("membership"),
    "tenants.driver": gettext_lazy("driver"),
    "tenants.drivergroup": gettext_lazy("driver group"),
    "tenants.driveridentity": gettext_lazy("personal data"),
    "tenants.consentpurpose": gettext_lazy("consent purpose"),
    "charging.site": gettext_lazy("site"),
    "charging.station": gettext_lazy("station"),
    "charging.connector": gettext_lazy("connector"),
    "charging.token": gettext_lazy("card"),
    "charging.importprofile": gettext_lazy("import profile"),
    "charging.fileimport": gettext_lazy("import"),
    "billing.tariff": gettext_lazy("tariff"),
    "billing.tariffversion": gettext_lazy("tariff version"),
    "billing.tariffassignment": gettext_lazy("tariff assignment"),
    "billing.invoicerun": gettext_lazy("invoice run"),
    "billing.invoice": gettext_lazy("invoice"),
    "billing.export": gettext_lazy("download"),
}
Change = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as a reader sees it."""

    at: datetime
    who: str
    sentence: str
    about: str
    address: str
    request: str
    changes: list[Change]


def kind(model: type[models.Model]) -> str:
    """What a row of the model is called."""
    return str(KINDS.get(model._meta.label_lower, model._meta.verbose_name))


def lines(entries: Sequence[AuditEntry]) -> list[Line]:
    """Return the entries in words, in the same order. A handful of queries for all of them."""
    names = _Names(entries)
    return [_line(entry, names) for entry in entries]


class _Names:
    """The people and rows that the entries mention by number."""

    def __init__(self, entries: Sequence[AuditEntry]) -> None:
        wanted: dict[type[models.Model], set[int]] = {User: {entry.actor_id for entry in entries if entry.actor_id}}
        for entry in entries:
            model = entry.content_type.model_class()
            if model is User and entry.object_id:
                wanted[User].add(entry.object_id)
            for field, values in _references(model, entry):
                wanted.setdefault(field, set()).update(values)
        self._rows = {model: _known(model, ids) for model, ids in wanted.items()}

    def person(self, number: int) -> str:
        user = self._rows[User].get(number)
        return str(user) if user else _("person %(number)s") % {"number": number}

    def row(self, model: type[models.Model], number: Any) -> str:
        known = self._rows.get(model, {}).get(number)
        return str(known) if known else f"#{number}"


def _known(model: type[models.Model], ids: Iterable[int]) -> dict[int, Any]:
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
    model = entry.content_type.model_class()
    return Line(
        at=entry.timestamp,
        who=_who(entry, names),
        sentence=_sentence(entry, model),
        about=_about(entry, model, names),
        address=entry.remote_addr or "",
        request=entry.cid or "",
        changes=_changes(entry, model, names),
    )


def _who(entry: AuditEntry, names: _Names) -> str:
    if entry.actor_id:
        return names.person(entry.actor_id)
    return entry.task or _("nobody signed in")


def _sentence(entry: AuditEntry, model: type[models.Model] | None) -> str:
    if entry.event:
        return str(EVENTS.get(entry.event, entry.event.replace(".", ": ", 1).replace("_", " ").capitalize()))
    what = kind(model) if model else entry.content_type.model
    return (str(ROW_WORDS[entry.action]) % {"kind": what}).capitalize()


def _about(entry: AuditEntry, model: type[models.Model] | None, names: _Names) -> str:
    if model is User and entry.object_id:
        return names.person(entry.object_id)
    if model is Membership and isinstance(entry.changes, dict) and "user" in entry.changes:
        return next((names.person(number) for number in entry.changes["user"] if number), "")
    return str(entry.object_repr)


def _changes(entry: AuditEntry, model: type[models.Model] | None, names: _Names) -> list[Change]:
    if entry.event:
        return [(name_of(key), "", _written(value)) for key, value in (entry.additional_data or {}).items()]
    found = []
    for name, pair in sorted((entry.changes or {}).items()):
        field = _field(model, name)
        if name in {"id", "public_id", "operator"} or len(pair) != 2:
            continue
        before, after = (_value(field, value, names) for value in pair)
        found.append((name_of(name, str(field.verbose_name) if field else ""), before, after))
    return found


def _value(field: Any, value: Any, names: _Names) -> str:
    if field is not None and value is not None:
        if field.is_relation and isinstance(value, int):
            return names.person(value) if field.related_model is User else names.row(field.related_model, value)
        if field.choices:
            return str(dict(field.flatchoices).get(value, value))
    return _written(value)


def _written(value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, dict | list):
        return ", ".join(f"{key}: {part}" for key, part in value.items()) if isinstance(value, dict) else ", ".join(
            str(part) for part in value
        )  # fmt: skip
    return str(value)
