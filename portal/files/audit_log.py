"""The audit log as a file: CSV for a spreadsheet, JSON lines for machines and for evidence.

Written entry by entry while it is sent, in words and as recorded, so that a million entries need no more
memory than a thousand. When the last line is sent the log notes how many there were and their SHA-256.
"""

import json
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.http import StreamingHttpResponse
from django.utils import timezone

from portal.files import streamed
from portal.gate.events import Event
from portal.words.log import lines as audit_lines
from portal.words.log.lines import Line
from tenants.log import reading as audit_log
from tenants.models import AuditEntry, Operator, User
from tenants.selectors import people

AT_ONCE = 1000
COLUMNS = (
    "entry", "time_utc", "who", "how", "what", "kind", "about", "address", "user_agent", "request", "code",
    "before_after", "actor_id",
)  # fmt: skip


def answer(operator: Operator, form: str, criteria: dict[str, Any]) -> StreamingHttpResponse:
    """Send the entries that meet the conditions, newest first; at its end the log has their number and SHA-256."""
    name = f"audit-{operator.slug}-{timezone.now():%Y-%m-%d}.{form}"
    noted = streamed.Noted(Event.AUDIT_EXPORT_SENT, {"form": form})
    if form == "csv":
        return streamed.csv_file(
            name, header=COLUMNS, lines=lambda: rows(operator, criteria), operator=operator, noted=noted
        )
    return streamed.lines_file(name, lines=partial(json_lines, operator, criteria), operator=operator, noted=noted)


def rows(operator: Operator, criteria: dict[str, Any]) -> Iterator[tuple[object, ...]]:
    """The entries in words, each a line of the file: line breaks of a value become spaces."""
    for entries, told in _told(operator, criteria):
        for entry, line in zip(entries, told, strict=True):
            yield tuple(" ".join(str(cell).splitlines()) for cell in _cells(entry, line))


def json_lines(operator: Operator, criteria: dict[str, Any]) -> Iterator[str]:
    """The entries in words and as recorded."""
    for entries, told in _told(operator, criteria):
        public = _public_ids(entries)
        for entry, line in zip(entries, told, strict=True):
            yield _json(entry, line, public)


def _told(operator: Operator, criteria: dict[str, Any]) -> Iterator[tuple[list[AuditEntry], list[Line]]]:
    found = audit_log.entries(**criteria).order_by("-timestamp", "-pk").iterator(chunk_size=AT_ONCE)
    while entries := list(islice(found, AT_ONCE)):
        yield entries, audit_lines.lines(entries, zone=operator.zone)


def _cells(entry: AuditEntry, line: Line) -> tuple[object, ...]:
    changes = "; ".join(f"{name}: {before} → {after}" if before else f"{name}: {after}"
                        for name, before, after in line.changes)  # fmt: skip
    return (
        line.public_id, line.at.isoformat(), line.who, line.how, line.told, line.kind, line.about, line.address,
        line.user_agent, line.request, entry.event or entry.act, changes, _actor_id(entry, line),
    )  # fmt: skip


def _actor_id(entry: AuditEntry, line: Line) -> str:
    """Who acted, however they call themselves."""
    return next((str(person.public_id) for person in line.persons if person.pk == entry.actor_id), "")


def _public_ids(entries: list[AuditEntry]) -> dict[int, str]:
    numbers = {number for entry in entries for number in (entry.actor_id, entry.on_behalf_of) if number}
    return {pk: str(user.public_id) for pk, user in people.named(numbers).items()}


def _json(entry: AuditEntry, line: Line, public: dict[int, str]) -> str:
    model = audit_lines.model_of(entry)
    told = {
        "id": line.public_id,
        "time": line.at,
        "who": {
            "name": line.who,
            "person": public.get(entry.actor_id or 0),
            "how": line.how or None,
            "on_behalf_of": public.get(entry.on_behalf_of or 0),
            "task": entry.task or None,
            "platform": entry.is_platform,
            "looking_as": entry.viewing_as or None,
        },
        "act": entry.act,
        "event": entry.event or None,
        "sentence": line.told,
        "object": {"kind": model._meta.label_lower if model else None, "name": None if model is User else line.about},
        "address": line.address or None,
        "user_agent": line.user_agent or None,
        "request": line.request or None,
        "changes": entry.changes,
        "facts": entry.additional_data,
    }
    return json.dumps(told, cls=DjangoJSONEncoder, ensure_ascii=False)
