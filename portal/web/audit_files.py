"""The audit log as a file: CSV for a spreadsheet, JSON lines for machines and for evidence.

Written entry by entry while it is sent, in words and as recorded, so that a million entries need no more
memory than a thousand. When the last line is sent the log notes how many there were and their SHA-256.
"""

import csv
import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from io import StringIO
from itertools import islice
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.utils.translation import override

from portal.files.downloads import MARK, harmless
from portal.gate.events import Event
from portal.words.log import lines as audit_lines
from portal.words.log.lines import Line
from tenants.actor import Actor, acting_more
from tenants.log import audit
from tenants.log import reading as audit_log
from tenants.models import AuditEntry, Operator, User
from tenants.scoping import tenant_scope
from tenants.selectors import people

AT_ONCE = 1000
FORMS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}
COLUMNS = (
    "entry", "time_utc", "who", "how", "what", "kind", "about", "address", "user_agent", "request", "code",
    "before_after", "actor_id",
)  # fmt: skip


def lines(operator: Operator, form: str, criteria: dict[str, Any]) -> Iterator[str]:
    """The entries that meet the conditions, newest first, in pieces of text. Opens the operator's scope itself."""
    with tenant_scope(operator.pk):
        rows = audit_log.entries(**criteria).order_by("-timestamp", "-pk").iterator(chunk_size=AT_ONCE)
        if form == "csv":
            yield MARK + _csv([COLUMNS])
        while entries := list(islice(rows, AT_ONCE)):
            told = audit_lines.lines(entries)
            if form == "csv":
                yield _csv([_cells(entry, line) for entry, line in zip(entries, told, strict=True)])
            else:
                public = _public_ids(entries)
                yield "".join(_json(entry, line, public) for entry, line in zip(entries, told, strict=True))


def noted(operator: Operator, form: str, criteria: dict[str, Any], *, language: str, actor: Actor) -> Iterator[bytes]:
    """The same, encoded; at its end the log has the number of entries and the file's SHA-256.

    A body is sent when the page has long returned: who asked, and in which language, are taken along.
    """
    digest, count = hashlib.sha256(), -1 if form == "csv" else 0
    with acting_more(**asdict(actor)), override(language):
        for text in lines(operator, form, criteria):
            piece = text.encode()
            digest.update(piece)
            count += text.count("\n") if form == "jsonl" else text.count("\r\n")
            yield piece
        with tenant_scope(operator.pk):
            audit.record(Event.AUDIT_EXPORT_SENT, form=form, count=count, sha256=digest.hexdigest())


def _csv(rows: list[Any]) -> str:
    text = StringIO()
    # Line breaks of a value become spaces, so that a line of the file is an entry.
    csv.writer(text).writerows([harmless(" ".join(str(cell).splitlines())) for cell in row] for row in rows)
    return text.getvalue()


def _cells(entry: AuditEntry, line: Line) -> tuple[object, ...]:
    changes = "; ".join(f"{name}: {before} → {after}" if before else f"{name}: {after}"
                        for name, before, after in line.changes)  # fmt: skip
    return (
        line.public_id, line.at.isoformat(), line.who, line.how, line.sentence, line.kind, line.about, line.address,
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
        "sentence": line.sentence,
        "object": {"kind": model._meta.label_lower if model else None, "name": None if model is User else line.about},
        "address": line.address or None,
        "user_agent": line.user_agent or None,
        "request": line.request or None,
        "changes": entry.changes,
        "facts": entry.additional_data,
    }
    return json.dumps(told, cls=DjangoJSONEncoder, ensure_ascii=False) + "\n"
