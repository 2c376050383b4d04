"""Looks at an uploaded file before it is imported: asked for by a page, taken in the background, shown when there.

What one look proved is carried on: the encoding and delimiter it found go into the layout of the next one, and an
import that is asked for after a look without questions reads the file only once more, to import it.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from charging.domain.errors import ChargingError, Code, ImportRefused, UnreadableFile
from charging.events import Event
from charging.ingest import apart, previewing
from charging.ingest.layout import Layout
from charging.ingest.network import Thing
from charging.ingest.previewing import Preview
from charging.models import FileImport, ImportLook, ImportProfile
from charging.services import imports
from charging.services.imports import Options
from tenants import work
from tenants.log.audit import record
from tenants.models import Operator, User
from tenants.scoping import tenant_scope

#: A file that nobody had imported for so long is removed.
KEPT = timedelta(days=14)
#: A look that waits for so long may have lost its message.
UNTAKEN = timedelta(seconds=4)
#: Why a look failed that cannot be taken: what is wrong with the file stands among the facts, with its own code.
UNREADABLE = "unreadable"


@transaction.atomic
def ask(
    row: FileImport,
    *,
    by: User | None,
    at: datetime,
    layout: Layout | None = None,
    profile: str = "",
    options: Options | None = None,
    starts: bool = False,
) -> ImportLook:
    """Have a file looked at, by a layout that a person said, by a profile, or by guessing; older looks are dropped.

    starts: import it at once when nothing is open.

    Raises:
        ChargingError: there is no such profile.
    """
    before = newest(row)
    if layout is None and profile:
        layout = imports.profile_named(profile)[0]
    elif profile not in imports.profile_names():  # a form carries the name along; it may be anything
        profile = ""
    shown = before.found if before else {}
    said = (layout or Layout({})).saying(**shown.get("as_text", {}))
    ImportLook.objects.filter(file_import=row).delete()
    look = ImportLook.objects.create(
        file_import=row,
        profile=profile,
        said=said.to_json() if layout or shown else {},
        options=(options or Options(creates=None)).to_json(),
        starts=starts,
        found=shown,
        requested_by_id=by.pk if by else None,
        queued_at=at,
    )
    work.enqueue(look)
    return look


def newest(row: FileImport) -> ImportLook | None:
    """Return the last look that was asked for."""
    return ImportLook.objects.filter(file_import=row).order_by("-pk").first()


def remind(look: ImportLook, *, at: datetime) -> None:
    """Send another message for a look that nobody has taken up: somebody waits, and the first one may be lost."""
    if not look.attempts and at > look.queued_at + UNTAKEN:
        work.wake(work.Lane.QUICK)


def said_in(look: ImportLook) -> Layout | None:
    """Return the layout a look was asked to read the file by."""
    return Layout.from_json(look.said) if look.said else None


def shown_by(look: ImportLook) -> Preview | None:
    """Return what the look found; while it goes on or when it failed, what the one before it had."""
    return previewing.from_json(look.found) if look.found else None


def problem_of(look: ImportLook) -> ChargingError | None:
    """Return why the file could not be looked at as wanted."""
    if look.state not in (ImportLook.State.FAILED, ImportLook.State.SET_ASIDE):
        return None
    facts = dict(look.error_facts)
    return UnreadableFile(facts.pop("code", Code.FILE_UNREADABLE), **facts)


def carry_out(operator_id: int, look: ImportLook, *, clock: Callable[[], datetime]) -> FileImport | None:
    """Look at the file and keep what is to be shown, or queue the import if that was asked for and nothing is open.

    Stepped; safe to repeat. Returns the import it queued.
    """
    with tenant_scope(operator_id):
        row = FileImport.objects.get(pk=look.file_import_id)
        home_zone = Operator.objects.get(pk=operator_id).time_zone
    try:
        with row.file.open("rb") as stored:
            looked = apart.look(stored.file, said_in(look), home_zone=home_zone, at=clock())
        with tenant_scope(operator_id):
            preview = previewing.tried(
                looked, creates=Options.from_json(look.options).creates if look.options else None
            )
            starts = look.starts and not is_open(look, preview)
            queued = _queued(row, look, preview) if starts else None
            work.finish(look, found=_sealed(look, preview))
    except ChargingError as problem:
        with tenant_scope(operator_id):
            work.fail(look, UNREADABLE, {"code": problem.code, **problem.facts})
        return None
    return queued


def _sealed(look: ImportLook, preview: Preview) -> Any:
    field: Any = ImportLook._meta.get_field("found")
    return field.sealed(previewing.to_json(preview), look.sealed_for)


def is_open(look: ImportLook, preview: Preview) -> bool:
    """Tell whether a person has to say something yet: what the file does not, or what it may add to the network."""
    unasked = look.options.get("creates", ()) is None
    undecided = unasked and any(new["thing"] not in preview.creates for new in preview.news)
    homeless = preview.site_open and Thing.STATIONS in preview.creates
    return bool(preview.questions) or undecided or homeless


def _queued(row: FileImport, look: ImportLook, preview: Preview) -> FileImport:
    profile = ImportProfile.objects.filter(name=look.profile).first() if look.profile else None
    options = Options.from_json(look.options)
    if options.creates is None:
        options = replace(options, creates=frozenset(preview.creates))
    return imports.start(row, options=options, profile=profile, preview=preview)


@transaction.atomic
def discard(row: FileImport) -> None:
    """Remove an uploaded file of which nothing was imported.

    Raises:
        ImportRefused: it is being imported, or some of it was.
    """
    row = FileImport.objects.select_for_update().get(pk=row.pk)
    if row.state not in imports.STARTABLE or row.committed_chunks:
        raise ImportRefused(Code.IMPORT_STARTED, import_state=row.state)
    record(Event.IMPORT_DISCARDED, about=row, sha256=row.file_sha256)
    stored = row.file
    ImportLook.objects.filter(file_import=row).delete()
    row.delete()
    transaction.on_commit(lambda: stored.delete(save=False))


def clear_away(at: datetime) -> None:
    """Remove the current operator's files that nobody had imported for too long, and what looks at others showed."""
    for row in FileImport.objects.filter(state=FileImport.State.UPLOADED, created_at__lt=at - KEPT)[:100]:
        discard(row)
    over = ImportLook.objects.filter(file_import__state=FileImport.State.DONE).exclude(found={})
    over.update(found={})
