"""The evidence of an incident as one ZIP: what was known when, who was told, whom it concerns, and the log of the time.

The log's entries come with the seals that cover them, as `bin/verify-seals` reads them, and with that script, so that a
supervisor checks them with nothing of ours. A list of SHA-256 names every file. Made in the background, sealed where
it lies (`tenants.sealed_files`), for two weeks.
"""

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, Final

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.core.serializers.json import DjangoJSONEncoder

from tenants import work
from tenants.log import audit, export
from tenants.log.events import Event
from tenants.models import AuditEntry, AuditSeal, Incident, IncidentBundle, IncidentLetter, Operator, User
from tenants.models.work import OPEN
from tenants.privacy import retention
from tenants.scoping import tenant_scope
from tenants.selectors import incidents as selector
from tenants.spreadsheets import MARK, csv_text

KEPT: Final = timedelta(days=14)
#: What the log is taken from where nobody says when it happened.
BEFORE_KNOWN: Final = timedelta(days=7)
_LINES_AT_ONCE = 1000


def ask(incident: Incident, *, by: User, at: datetime) -> IncidentBundle:
    """Have the evidence put together; what is being made already serves. Its log reaches from the beginning to now."""
    Incident.objects.select_for_update().get(pk=incident.pk)
    unfinished = IncidentBundle.objects.filter(OPEN, incident=incident).first()
    if unfinished is not None:
        return unfinished
    since = incident.began_at or incident.known_at - BEFORE_KNOWN
    row = IncidentBundle.objects.create(incident=incident, since=since, until=at, requested_by_id=by.pk, queued_at=at)
    work.enqueue(row)
    return row


def make(operator_id: int, row: IncidentBundle, *, clock: Callable[[], datetime]) -> None:
    """Make the file of a claimed row, a part a scope."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "evidence.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
            sums = [_part(operator_id, row, archive, name, write, clock) for name, write in _PARTS.items()]
            archive.writestr("SHA256SUMS", "".join(f"{digest}  {name}\n" for name, digest in sums))
        _store(operator_id, row, path, at=clock())


def _part(
    operator_id: int,
    row: IncidentBundle,
    archive: zipfile.ZipFile,
    name: str,
    write: "Part",
    clock: Callable[[], datetime],
) -> tuple[str, str]:
    """Write one file of the archive in a scope of its own; return its name and SHA-256."""
    digest = hashlib.sha256()
    with tenant_scope(operator_id), archive.open(name, "w", force_zip64=True) as file:
        for piece in write(Operator.objects.get(pk=operator_id), row):
            digest.update(piece)
            file.write(piece)
        work.keep(row, at=clock(), done=row.done + 1, total=len(_PARTS))
    return name, digest.hexdigest()


def _store(operator_id: int, row: IncidentBundle, path: Path, *, at: datetime) -> None:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        name = default_storage.save(f"operators/{operator_id}/evidence/{row.public_id}.zip", File(file))
    with tenant_scope(operator_id):
        facts = {"sha256": digest, "size": path.stat().st_size}
        work.finish(row, file=name, made_at=at, expires_at=at + KEPT, **facts)
        audit.record(Event.INCIDENT_BUNDLE_MADE, about=row.incident, sha256=digest)


def opened(row: IncidentBundle, *, at: datetime) -> IO[bytes]:
    """Return the file, and record that it was fetched.

    Raises:
        FileNotFoundError: it is not made, its time is over, or the file is gone.
    """
    if not row.file or row.expires_at is None or row.expires_at <= at:
        raise FileNotFoundError(f"Evidence {row.public_id} has no file.")
    file = default_storage.open(str(row.file.name), "rb")
    audit.record(Event.INCIDENT_BUNDLE_FETCHED, about=row.incident, sha256=row.sha256)
    return file


def remove_old(*, at: datetime) -> int:
    """Remove the files whose time is over; return how many. They can be made again."""
    return retention.forget_files(list(IncidentBundle.objects.filter(expires_at__lte=at).exclude(file="")))


# --- the parts ---

#: Writes one file of the archive, in the operator's scope.
Part = Callable[[Operator, IncidentBundle], Iterable[bytes]]


def _incident(operator: Operator, row: IncidentBundle) -> Iterator[bytes]:
    incident = row.incident
    notes = incident.notes.order_by("happened_at", "pk")
    whole = {
        "controller": operator.legal_name or operator.name,
        "organisation_number": operator.organisation_number,
        "number": incident.pk,
        "title": incident.title,
        "kinds": incident.kinds,
        "known_at": incident.known_at,
        "began_at": incident.began_at,
        "ended_at": incident.ended_at,
        "risk": incident.risk,
        "is_significant": incident.is_significant,
        "opened_at": incident.opened_at,
        "closed_at": incident.closed_at,
        "clocks": [_clock(hand) for hand in selector.clocks(incident, operator)],
        "notes": [_fields(note, "happened_at text recorded_at recorded_by_id") for note in notes],
        "lists": [
            _fields(each, "id since until person_id key_id address is_everybody others count sha256 frozen_at")
            for each in selector.lists_of(incident)
        ],
        "affected": selector.count_affected(incident),
        "written_to": IncidentLetter.objects.filter(incident=incident).count(),
        "log": {"since": row.since, "until": row.until},
    }
    yield json.dumps(whole, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1).encode()


def _clock(hand: selector.Hand) -> dict[str, Any]:
    report = hand.report and _fields(hand.report, "told_at reference late_reason recorded_at recorded_by_id")
    return {"clock": hand.clock.value, "law": hand.law, "runs": hand.runs, "due_at": hand.due_at, "told": report}


def _fields(row: Any, names: str) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names.split()}


def _notes(_operator: Operator, row: IncidentBundle) -> Iterator[bytes]:
    notes = row.incident.notes.order_by("happened_at", "pk")
    lines = ([_text(note.happened_at), _text(note.recorded_at), note.recorded_by_id, note.text] for note in notes)
    yield from _csv(["happened_at", "recorded_at", "recorded_by", "text"], lines)


def _affected(_operator: Operator, row: IncidentBundle) -> Iterator[bytes]:
    written = dict(IncidentLetter.objects.filter(incident=row.incident).values_list("driver", "written_at"))
    rows = selector.affected(row.incident).order_by("list", "driver").iterator(chunk_size=_LINES_AT_ONCE)
    head: list[object] = ["list", "customer_number", "times", "first_at", "last_at", "written_at"]
    yield from _csv(
        head,
        (
            [
                each.list_id,
                each.driver.customer_number,
                each.times,
                _text(each.first_at),
                _text(each.last_at),
                _text(written.get(each.driver_id)),
            ]
            for each in rows
        ),
    )


def _csv(head: list[object], lines: Iterable[list[object]]) -> Iterator[bytes]:
    yield (MARK + csv_text([head])).encode()
    for line in lines:
        yield csv_text([line]).encode()


def _text(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


def _log(_operator: Operator, row: IncidentBundle) -> Iterator[bytes]:
    """The stretch of the chain whose seals cover the time; nothing where nothing of it is sealed yet."""
    entries = AuditEntry.objects.filter(timestamp__gte=row.since, timestamp__lt=row.until).only("pk", "xid")
    # By number and by transaction: one that took long is sealed late, and numbers alone tell what a restore parted.
    first = [_seal_of(entries.order_by(by).first()) for by in ("pk", "xid")]
    last = [_seal_of(entries.order_by(by).first()) for by in ("-pk", "-xid")]
    sealed = [number for number in first if number is not None]
    if sealed:
        for line in export.export_lines(min(sealed), None if None in last else max(filter(None, last))):
            yield f"{line}\n".encode()


def _seal_of(entry: AuditEntry | None) -> int | None:
    """The number of the seal over the entry; None for one that waits for it."""
    if entry is None:
        return None
    over = AuditSeal.objects.filter(from_xid__lte=entry.xid, to_xid__gt=entry.xid, above_id__lt=entry.pk)
    return over.order_by("-above_id", "-number").values_list("number", flat=True).first()


def _script(_operator: Operator, _row: IncidentBundle) -> Iterator[bytes]:
    yield (settings.BASE_DIR / "bin" / "verify-seals").read_bytes()


_PARTS: dict[str, Part] = {
    "incident.json": _incident,
    "notes.csv": _notes,
    "affected.csv": _affected,
    "audit-log.jsonl": _log,
    "verify-seals.py": _script,
}
