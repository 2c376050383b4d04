"""Imports of session files: upload, understand, start, run, and pick up what stalled.

An import is a row first: the file is stored, its layout is settled, then the row is queued and a message hurries it
along. `run` may be killed and repeated at any moment: each chunk is stored in one transaction with its own mark.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Any, BinaryIO, Self

from django.core.files import File
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from charging.domain.errors import ChargingError, Code, ImportRefused
from charging.events import Event
from charging.ingest import apart, previewing
from charging.ingest.apart import Converted, Looked
from charging.ingest.apply import Piece, Work, pieces, store_all
from charging.ingest.finishing import Reach, flag_overlaps, reach_before, reach_of
from charging.ingest.layout import Layout
from charging.ingest.network import EVERYTHING, Network, Thing
from charging.ingest.previewing import Preview
from charging.ingest.profiles import ready_made
from charging.ingest.reading import settled
from charging.ingest.staging import Origin
from charging.ingest.text import fingerprint
from charging.models import FileImport, ImportProfile
from charging.services import differences
from charging.site_scope import limited_to
from tenants import work as background
from tenants.actor import acting_for
from tenants.log.audit import record
from tenants.models import Operator, User
from tenants.scoping import current_operator_id, tenant_scope

_SETTLED = ["mapping", "source", "profile", "options", "updated_at"]

#: From these states an import can be started, and a file of which nothing was imported be discarded.
STARTABLE = (FileImport.State.UPLOADED, FileImport.State.FAILED, FileImport.State.SET_ASIDE)
UNFINISHED = (FileImport.State.UPLOADED, FileImport.State.QUEUED, FileImport.State.RUNNING)
#: So many files may wait for their import, of one person and of an operator.
MOST_OF_ONE, MOST_OF_ALL = 20, 100

#: Threads that store chunks while the next one is read. More than two gain nothing: PostgreSQL is the limit.
WRITERS = 2


@dataclass(frozen=True, slots=True)
class Options:
    """What an import may create. `create_drivers` makes a driver for each unknown card, so that it can be billed.

    creates: None while nobody has said; then what a look presumes (`charging.ingest.previewing.Preview.creates`).
    """

    creates: frozenset[Thing] | None = EVERYTHING
    create_drivers: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the options as data."""
        creates = None if self.creates is None else sorted(self.creates)
        return {"creates": creates, "create_drivers": self.create_drivers}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Self:
        """Return the options that data describes; what was said before things could be told apart is all or none."""
        creates = said.get("creates", EVERYTHING if said.get("create_missing", True) else ())
        things = None if creates is None else frozenset(map(Thing, creates))
        return cls(things, bool(said.get("create_drivers")))


@transaction.atomic
def upload(content: "File[bytes]", *, name: str, by: User | None = None) -> FileImport:
    """Keep a file in the store and open an import for it, waiting for its layout.

    Raises:
        ImportRefused: this person, or all of them together, have too many files here that wait for their import.
    """
    check_room(by)
    row = FileImport(file_name=PurePath(name).name[:200], uploaded_by=by)
    print_of = fingerprint(content)  # type: ignore[arg-type]
    row.file_sha256, row.file_size = print_of.sha256, print_of.size
    row.file.save(f"imports/{current_operator_id()}/{row.public_id}", content, save=False)
    row.save()
    return row


def check_room(by: User | None) -> None:
    """Refuse another file while too many of the current operator's wait for their import.

    Raises:
        ImportRefused: naming how many of whom wait already.
    """
    waiting = FileImport.objects.filter(state__in=UNFINISHED)
    if by and waiting.filter(uploaded_by=by).count() >= MOST_OF_ONE:
        raise ImportRefused(Code.UPLOADS_OF_ONE, most=MOST_OF_ONE)
    if waiting.count() >= MOST_OF_ALL:
        raise ImportRefused(Code.UPLOADS_OF_ALL, most=MOST_OF_ALL)


def preview(stored: BinaryIO, layout: Layout | None = None, *, options: Options | None = None, at: datetime) -> Preview:
    """Show how a file would be read: columns, open questions, the first rows, what would be created.

    layout: a profile's, or what a person has said so far; None guesses. Writes nothing.

    Raises:
        UnreadableFile: it holds no sessions. WrongColumns: the layout does not fit.
    """
    home_zone = Operator.objects.get(pk=current_operator_id()).time_zone
    looked = apart.look(stored, layout, home_zone=home_zone, at=at)
    return previewing.tried(looked, creates=options.creates if options else None)


@transaction.atomic
def start(
    row: FileImport,
    layout: Layout | None = None,
    *,
    options: Options | None = None,
    profile: ImportProfile | None = None,
    preview: Preview | None = None,
) -> FileImport:
    """Settle the layout of an uploaded file and queue it. A message is sent when this has committed.

    preview: what a look by that very layout found, so that the file need not be looked at again.

    Raises:
        ImportRefused: the import is under way or done.
        UnansweredQuestion: the file does not prove something that nobody has said.
    """
    row = FileImport.objects.select_for_update().get(pk=row.pk)
    if row.state not in STARTABLE:
        raise ImportRefused(Code.IMPORT_STARTED, import_state=row.state)
    found = preview or _looked(row, layout or (layout_of(profile) if profile else None))
    wanted = settled(found.layout, found.questions).saying(**found.as_text)
    row.mapping, row.source, row.profile = wanted.to_json(), wanted.source, profile
    row.options = {**(options or Options()).to_json(), "header": found.header, "kind": found.kind}
    row.state, row.error, row.error_facts = FileImport.State.QUEUED, "", {}
    row.queued_at, row.attempts, row.leased_until = timezone.now(), 0, None
    row.save(update_fields=[*_SETTLED, "state", "error", "error_facts", "queued_at", "attempts", "leased_until"])
    background.enqueue(row)
    return row


def _looked(row: FileImport, layout: Layout | None) -> Looked:
    home_zone = Operator.objects.get(pk=row.operator_id).time_zone
    with row.file.open("rb") as stored:
        return apart.look(stored.file, layout, home_zone=home_zone, at=timezone.now())


@limited_to(None)  # a file may hold sessions of any site, whoever brought it
def run(
    *,
    operator_id: int,
    import_id: int,
    clock: Callable[[], datetime],
    writers: int | None = None,
    progress: Callable[[FileImport, float], None] | None = None,
) -> FileImport:
    """Import the queued file, from its first chunk that is not stored yet. Opens its own scopes; safe to repeat.

    clock: says what time it is. writers: 0 stores in this thread and in an open transaction, if there is one.

    An import that another worker is at, or that is over, is returned as it is.
    """
    with tenant_scope(operator_id):
        row: FileImport | None = background.claim(background.kind_named(FileImport.work_kind), at=clock(), pk=import_id)
        if row is None:
            return FileImport.objects.get(pk=import_id)
    with acting_for(row.uploaded_by_id):
        carry_out(operator_id, row, clock=clock, writers=writers, progress=progress)
    with tenant_scope(operator_id):
        row.refresh_from_db()
    return row


@limited_to(None)
def carry_out(
    operator_id: int,
    row: FileImport,
    *,
    clock: Callable[[], datetime],
    writers: int | None = None,
    progress: Callable[[FileImport, float], None] | None = None,
) -> None:
    """Import a claimed file. A file that turns out to be unreadable fails the import with a code, for good.

    Anything else is raised, and leaves it to the background to try again or to set it aside.
    """
    row.started_at = row.started_at or clock()
    with tenant_scope(operator_id):
        FileImport.objects.filter(pk=row.pk).update(started_at=row.started_at)
    try:
        _import(row, clock=clock, writers=_writers(writers), progress=progress)
    except ChargingError as problem:
        with tenant_scope(operator_id):
            _fail(row, problem, at=clock())


@transaction.atomic
def save_profile(name: str, *, layout: Layout) -> ImportProfile:
    """Keep a layout under a name of the operator's own, replacing the one of that name."""
    name = " ".join(name.split())
    if not name or len(name) > 80:
        raise ChargingError(Code.PROFILE_NAME)
    profile, _ = ImportProfile.objects.update_or_create(
        operator_id=current_operator_id(), name=name, defaults={"mapping": layout.to_json()}
    )
    return profile


def layout_of(profile: ImportProfile) -> Layout:
    """Return the layout a saved profile holds."""
    return Layout.from_json(profile.mapping)


def profile_named(name: str) -> tuple[Layout, ImportProfile | None]:
    """Return the layout of the operator's own profile, or of a ready-made one.

    Raises:
        ChargingError: there is neither; the message names those there are.
    """
    own = {profile.name: profile for profile in ImportProfile.objects.all()}
    if name in own:
        return layout_of(own[name]), own[name]
    if name in ready_made():
        return ready_made()[name].layout, None
    raise ChargingError(Code.NO_SUCH_PROFILE, name=name, names=", ".join(profile_names()))


def profile_names() -> list[str]:
    """Return the names of the ready-made profiles and of the operator's own."""
    return [*ready_made(), *ImportProfile.objects.values_list("name", flat=True)]


def _writers(wanted: int | None) -> int:
    """Inside an open transaction other connections would not see its rows: everything happens here."""
    if connection.in_atomic_block:
        return 0
    return WRITERS if wanted is None else wanted


def work_of(row: FileImport, at: datetime, *, adds: bool = False) -> Work:
    """Return what an import does with the rows of its file. adds: whatever they name is added to the network."""
    options = Options.from_json(row.options)
    return Work(
        origin=Origin(row.operator_id, row.source, row.pk),
        layout=Layout.from_json(row.mapping),
        at=at,
        creates=EVERYTHING if adds else options.creates or frozenset(),
        create_drivers=options.create_drivers,
    )


def _import(
    row: FileImport,
    *,
    clock: Callable[[], datetime],
    writers: int,
    progress: Callable[[FileImport, float], None] | None,
) -> None:
    work = work_of(row, clock())
    network = Network(work.create_drivers, row.pk, created=Counter(row.created))
    with tenant_scope(row.operator_id):
        network.load()
        reach = reach_of(work.origin) if row.committed_chunks else reach_before(row.operator_id)
    with (
        row.file.open("rb") as stored,
        apart.converted(stored.file, work.layout, at=work.at, skip=row.committed_chunks) as chunks,
    ):
        done = _Done(chunks)

        def tell() -> None:
            with tenant_scope(row.operator_id):
                FileImport.objects.filter(pk=row.pk).update(done=round(done.part * _PARTS), total=_PARTS)
            if progress:
                with tenant_scope(row.operator_id):
                    _read_again(row)
                progress(row, done.part)

        store_all(_reaching(pieces(done, work, network=network), reach), work, writers=writers, progress=tell)
    with tenant_scope(row.operator_id):
        _finish(row, work, reach, network, at=clock())


#: Progress is told in thousandths of the file.
_PARTS = 1_000


class _Done:
    """The chunks of a file, and which part of it has been read."""

    def __init__(self, chunks: Iterator[Converted]) -> None:
        self._chunks, self.part = chunks, 0.0

    def __iter__(self) -> Iterator[Converted]:
        for chunk in self._chunks:
            self.part = chunk.done
            yield chunk


def _reaching(every: Iterable[Piece], reach: Reach) -> Iterator[Piece]:
    for piece in every:
        reach.add(piece.batch.accepted)
        yield piece


def _finish(row: FileImport, work: Work, reach: Reach, network: Network, *, at: datetime) -> None:
    newly_flagged = flag_overlaps(work.origin, reach, limits=work.limits)
    FileImport.objects.filter(pk=row.pk).update(flagged=F("flagged") + newly_flagged)
    differences.note(row, network)
    _read_again(row)
    row.created = dict(network.created)
    row.rows_total = row.rows_read
    row.save(update_fields=["created", "rows_total", "updated_at"])
    background.finish(row, finished_at=at)
    record(
        Event.SESSIONS_IMPORTED,
        about=row,
        sha256=row.file_sha256,
        rows=row.rows_read,
        accepted=row.accepted,
        known=row.known,
        rejected=row.rejected,
        flagged=row.flagged,
        accepted_wh=row.accepted_wh,
        rejected_wh=row.rejected_wh,
        created=row.created,
    )


def _fail(row: FileImport, problem: ChargingError, *, at: datetime) -> None:
    _read_again(row)
    background.fail(row, problem.code, problem.facts, finished_at=at)


def _read_again(row: FileImport) -> None:
    """Read the row anew, but for the claim: that is ours, whoever holds one now."""
    claimed_at = row.claimed_at
    row.refresh_from_db()
    row.claimed_at = claimed_at
