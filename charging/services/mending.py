"""Rejected rows put right by a person: their own cells, corrected, go in by the one way in.

What the file said first is kept beside what the row says now. Often one fault stands in many rows, such as a station by
a name that nobody knows: a correction can go for every open row of the import that says the same in those cells.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl
from django.db import transaction
from django.db.models import F, QuerySet

from charging.domain.errors import Code, ImportRefused
from charging.domain.reasons import OF_KNOWN_SESSIONS
from charging.events import Event
from charging.ingest import cell_marks
from charging.ingest.apart import Converted
from charging.ingest.apply import Taken, Work, pieces, take_in
from charging.ingest.convert import Converter, Refused
from charging.ingest.finishing import flag_overlaps, reach_among
from charging.ingest.network import Network
from charging.ingest.raw import RawChunk
from charging.models import FileImport, RejectedRow
from charging.services import differences, imports
from charging.site_scope import limited_to
from tenants import sealed_fields
from tenants.log.audit import record
from tenants.models import User

Settled = RejectedRow.Settled

#: So many rows are mended at once; what is left can be mended by the same correction again.
MOST_AT_ONCE = 2_000
_LINES_TOLD = 20

Texts = Sequence[str]


@dataclass(frozen=True, slots=True)
class Mended:
    """What became of the rows that were mended: new sessions, known ones, rows that still are none."""

    accepted: int
    known: int
    refused: int


def open_rows(row: FileImport) -> QuerySet[RejectedRow]:
    """Rejected rows of an import whose text can be mended."""
    rows = RejectedRow.objects.filter(file_import=row).exclude(reason__in=OF_KNOWN_SESSIONS)
    return rows.filter(settled__in=[Settled.NO, Settled.LEFT])


def saying(row: FileImport, cells: Mapping[int, str]) -> QuerySet[RejectedRow]:
    """Return the open rows of an import that say these texts in these cells by now."""
    rows, keys = open_rows(row), cell_marks.keys(row.operator_id, row.pk)
    for column, text in cells.items():
        rows = rows.filter(**{f"marks__{column}__in": [cell_marks.mark(column, text, key) for key in keys]})
    return rows if cells else rows.none()


@transaction.atomic
@limited_to(None)  # a file may hold sessions of any site
def mend(row: RejectedRow, text: Texts, *, everywhere: bool, adds: bool, by: User | None, at: datetime) -> Mended:
    """Let a rejected row say something else, and take it in.

    everywhere: change the same cells of every open row that says the same in them as this one did. adds: add to the
    network what the rows name and it does not have.

    Raises:
        ImportRefused: the import is not done, or has been undone, or somebody has settled the row.
    """
    origin = _held(row.file_import_id)
    found = open_rows(origin).filter(pk=row.pk).first()
    if found is None:
        raise ImportRefused(Code.ROW_SETTLED, line=row.line_number)
    header = list(origin.options.get("header", []))
    before, after = (fitted(said, len(header)) for said in (found.text, text))
    changes = {column: said for column, said in enumerate(after) if said != before[column]}
    rows = {found.line_number: found}
    if everywhere and changes:
        alike = saying(origin, {column: before[column] for column in changes})
        rows |= {one.line_number: one for one in alike.order_by("-line_number")[:MOST_AT_ONCE]}
    texts = {line: _changed(fitted(one.text, len(header)), changes) for line, one in sorted(rows.items())}
    mended = _mended(origin, imports.work_of(origin, at, adds=adds), rows, texts, by=by)
    record(
        Event.ROWS_MENDED,
        about=origin,
        rows=len(rows),
        lines=sorted(rows)[:_LINES_TOLD],
        columns=[header[column] for column in changes],
        accepted=mended.accepted,
        known=mended.known,
        rejected=mended.refused,
    )
    return mended


def take_again(origin: FileImport, rows: Sequence[RejectedRow], *, at: datetime) -> Mended:
    """Take rejected rows in as they stand: what they said something else of is gone.

    The caller sees all sites and holds the import; its file is one whose headings are kept.
    """
    header = list(origin.options["header"])
    found = {row.line_number: row for row in rows}
    texts = {line: fitted(row.text, len(header)) for line, row in sorted(found.items())}
    return _mended(origin, imports.work_of(origin, at), found, texts, by=None)


@transaction.atomic
def leave_out(origin: FileImport, rows: QuerySet[RejectedRow], *, by: User | None, at: datetime) -> int:
    """Decide that rejected rows stay out. Returns how many they are; they can still be mended later.

    Raises:
        ImportRefused: the import is not done, or has been undone.
    """
    origin = _held(origin.pk)
    left = list(rows.filter(file_import=origin, settled=Settled.NO).values_list("pk", "line_number"))
    RejectedRow.objects.filter(pk__in=[pk for pk, _ in left]).update(settled=Settled.LEFT, settled_by=by, settled_at=at)
    if left:
        lines = sorted(line for _, line in left)[:_LINES_TOLD]
        record(Event.ROWS_LEFT_OUT, about=origin, rows=len(left), lines=lines)
    return len(left)


def fitted(cells: Texts, width: int) -> list[str]:
    """Return as many cells as the file has columns."""
    return [*cells[:width], *[""] * (width - len(cells))]


def _held(import_id: int) -> FileImport:
    row = FileImport.objects.select_for_update().get(pk=import_id)
    if row.state != FileImport.State.DONE or not row.options.get("header"):
        raise ImportRefused(Code.IMPORT_NOT_MENDED, import_state=row.state)
    return row


def _changed(cells: list[str], changes: Mapping[int, str]) -> list[str]:
    return [changes.get(column, said) for column, said in enumerate(cells)]


def _mended(
    origin: FileImport, work: Work, rows: Mapping[int, RejectedRow], texts: Mapping[int, list[str]], *, by: User | None
) -> Mended:
    network = Network(work.create_drivers, origin.pk, created=Counter(origin.created))
    taken = _taken_in(work, network, list(origin.options["header"]), texts)
    mended = _settle(origin, rows, texts, taken, by=by, at=work.at)
    if any(one.facts for one in taken.rejected):
        network.load()
        differences.note(origin, network)
    _count(origin, rows, taken, mended)
    return mended


def _taken_in(work: Work, network: Network, header: list[str], texts: Mapping[int, list[str]]) -> Taken:
    """Take rows in as a chunk of their file: converted, placed, stored, and held against their neighbours."""
    columns = zip(*texts.values(), strict=True)
    frame = pl.DataFrame([pl.Series(name, said, dtype=pl.String) for name, said in zip(header, columns, strict=True)])
    raw = RawChunk(pl.Series("line", list(texts), dtype=pl.Int64), frame)
    batch = Converter(work.layout, at=work.at).convert(raw)
    network.load(only=batch.accepted["token"])
    (piece,) = pieces([Converted(raw.first_line, raw, batch, 1.0)], work, network=network)
    reach = reach_among(work.origin, piece.batch.accepted)
    taken = take_in(piece, work)
    newly_flagged = flag_overlaps(work.origin, reach, limits=work.limits)
    added = taken.flagged + newly_flagged
    FileImport.objects.filter(pk=work.origin.file_import_id).update(flagged=F("flagged") + added)
    return taken


def _settle(
    origin: FileImport,
    rows: Mapping[int, RejectedRow],
    texts: Mapping[int, list[str]],
    taken: Taken,
    *,
    by: User | None,
    at: datetime,
) -> Mended:
    refused = {one.line: one for one in taken.rejected}
    key, *_older = cell_marks.keys(origin.operator_id, origin.pk)
    for line, row in rows.items():
        row.mended, row.marks = texts[line], cell_marks.marks(texts[line], key)
        if line in refused:
            _refuse(row, refused[line])
        else:
            row.settled, row.settled_by, row.settled_at = Settled.MENDED, by, at
    fields = ["mended", "marks", "facts", "settled", "settled_by", "settled_at", "reason", "reasons"]
    sealed_fields.bulk_update(list(rows.values()), fields)
    return Mended(taken.inserted.height, len(taken.known), len(refused))


def _refuse(row: RejectedRow, refused: Refused) -> None:
    row.reason, row.reasons = refused.reasons[0].value, [reason.value for reason in refused.reasons]
    row.settled, row.settled_by, row.settled_at = Settled.NO, None, None
    if refused.facts is not None:
        row.facts = refused.facts


def _count(origin: FileImport, rows: Mapping[int, RejectedRow], taken: Taken, mended: Mended) -> None:
    gone = [row for row in rows.values() if row.settled == Settled.MENDED]
    FileImport.objects.filter(pk=origin.pk).update(
        accepted=F("accepted") + mended.accepted,
        known=F("known") + mended.known,
        rejected=F("rejected") - len(gone),
        accepted_wh=F("accepted_wh") + taken.energy_wh,
        rejected_wh=F("rejected_wh") - sum(row.energy_wh or 0 for row in gone),
    )
