"""One way in: the chunks of a file, one transaction each, into sessions.

A process of its own cuts and converts chunk after chunk (`apart`); they are placed here, and writers store them on
connections of their own, so that reading and PostgreSQL work at the same time. A chunk is committed together with its
refused rows, the progress of the import and its own mark: after a kill the import runs again, skips marked chunks and
cannot store one twice.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import reduce
from operator import or_

import polars as pl
from django.db import OperationalError, connection
from django.db.models import F, Func, Value
from django.utils import timezone

from charging.domain import plausibility
from charging.domain.limits import Limits
from charging.domain.reasons import SETTLING, Flag, Reject
from charging.ingest import past
from charging.ingest.apart import Converted
from charging.ingest.convert import Batch, Refused
from charging.ingest.history import with_usual
from charging.ingest.layout import Layout
from charging.ingest.network import EVERYTHING, Missing, Network, Thing
from charging.ingest.raw import RawChunk
from charging.ingest.staging import FACTS, NotInserted, Origin, insert_refused, insert_sessions
from charging.models import ChargingSession, Connector, FileImport, KnownSessions, Site, Station, Token
from tenants import analyze
from tenants.models import Driver
from tenants.scoping import tenant_scope

#: Without a sign of life for this long, a running import is taken to be dead and is run again.
LEASE = timedelta(minutes=3)

_TRIES = 4


class StoredAlready(Exception):
    """A chunk was stored by another run of the same import."""


@dataclass(frozen=True, slots=True)
class Work:
    """What an import does with a file. at: now; nothing may lie later."""

    origin: Origin
    layout: Layout
    at: datetime
    creates: frozenset[Thing] = EVERYTHING
    create_drivers: bool = False
    limits: Limits = Limits()  # noqa: RUF009  # frozen


@dataclass(frozen=True, slots=True)
class Piece:
    """A chunk ready to be stored. `first_line` is its mark."""

    first_line: int
    raw: RawChunk
    batch: Batch


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a chunk's rows: the sessions that are new, known ones by their lines, and the rows refused."""

    inserted: pl.DataFrame
    known: dict[int, int]
    rejected: list[Refused]

    @property
    def flagged(self) -> int:
        """How many of the new sessions wait for a person."""
        return self.inserted.filter(~pl.col("flags").list.join(",").is_in(["", SETTLING.value])).height

    @property
    def energy_wh(self) -> int:
        """The energy of the new sessions."""
        return int(self.inserted["energy_wh"].sum())


def pieces(chunks: Iterable[Converted], work: Work, *, network: Network) -> Iterator[Piece]:
    """Yield the chunks of a file, placed in the network and flagged; creates what the network lacks."""
    for chunk in chunks:
        yield Piece(chunk.first_line, chunk.raw, _placed(chunk.batch, chunk.raw, work, network))


def store(piece: Piece, work: Work) -> None:
    """Store a chunk in the open scope and count it, once.

    Raises:
        StoredAlready: another run of this import has stored it meanwhile; the caller's transaction must not commit.
    """
    taken = take_in(piece, work)
    if taken.rejected:
        insert_refused(taken.rejected, work.origin)
    _count(piece, work.origin, taken)


def take_in(piece: Piece, work: Work) -> Taken:
    """Store the sessions of a chunk that are new, in the open scope, and say what became of each row."""
    late = past.refused(piece.batch.accepted)
    sessions = piece.batch.accepted.filter(~pl.col("line").is_in(list(late))) if late else piece.batch.accepted
    not_inserted = insert_sessions(sessions, work.origin) if sessions.height else NotInserted({}, {})
    if not_inserted.known:
        known = sorted(not_inserted.known.values())
        KnownSessions.objects.create(file_import_id=work.origin.file_import_id, sessions=known)
    reasons = late | not_inserted.refused
    rejected = [*piece.batch.rejected, *_refused(reasons, piece.batch.accepted, piece.raw)]
    inserted = sessions.filter(~pl.col("line").is_in(not_inserted.lines)) if not_inserted.lines else sessions
    return Taken(inserted, not_inserted.known, rejected)


def store_all(every: Iterable[Piece], work: Work, *, writers: int, progress: Callable[[], None] = lambda: None) -> None:
    """Store chunks as they come, `writers` at a time on connections of their own, or here when there are none.

    Raises whatever storing a chunk raised; chunks stored before stay.
    """
    if not writers:
        for piece in every:
            _store_in_scope(piece, work)
            progress()
        return
    with ThreadPoolExecutor(writers, thread_name_prefix="import") as pool:
        running: deque[Future[None]] = deque()
        for piece in every:
            running.append(pool.submit(_store_apart, piece, work))
            while len(running) > writers:
                running.popleft().result()
                progress()
        while running:
            running.popleft().result()
            progress()


def _placed(batch: Batch, raw: RawChunk, work: Work, network: Network) -> Batch:
    """Place the sessions, refusing first what is not to come in: nothing is created for a row that is refused."""
    placed = network.placed(batch.accepted)
    if network.missing(placed):
        refused = _strangers(placed, work, network)
        rows = batch.accepted.filter(~pl.col("line").is_in(list(refused))) if refused else batch.accepted
        batch = replace(batch, accepted=rows, rejected=_with(batch, _refused(refused, placed, raw)))
        if missing := network.missing(network.placed(rows)):
            _create(missing, work, network)
        placed = network.placed(rows)
    return replace(batch, accepted=flagged(placed, work.limits, operator_id=work.origin.operator_id))


def _create(missing: Missing, work: Work, network: Network) -> None:
    with tenant_scope(work.origin.operator_id):
        network.create(missing)
        analyze.refresh(Site, Station, Connector, Token, Driver, ChargingSession)
        FileImport.objects.filter(pk=work.origin.file_import_id).update(created=dict(network.created))


def _with(batch: Batch, refused: Iterable[Refused]) -> list[Refused]:
    return sorted([*batch.rejected, *refused], key=lambda row: row.line)


def _strangers(placed: pl.DataFrame, work: Work, network: Network) -> dict[int, Reject]:
    """Return the lines that name what is not there, and either are known already or may not bring it along.

    An id that is known from another place and another time, or from this very file, is that of another session.
    """
    needs = network.needing(placed)
    elsewhere = needs[Thing.STATIONS] | needs[Thing.CONNECTORS]
    lacking = placed.with_columns(elsewhere=elsewhere).filter(reduce(or_, needs.values()))
    with tenant_scope(work.origin.operator_id):
        rows = ChargingSession.objects.filter(
            source=work.origin.source, external_id__in=lacking["external_id"].to_list()
        )
        known = {found[0]: found[1:] for found in rows.values_list("external_id", "file_import_id", "started_at")}
    refused = refused_things(placed, needs, work.creates) | of_several(placed, network)
    for line, external_id, start, is_elsewhere in lacking.select(
        "line", "external_id", "started_at", "elsewhere"
    ).iter_rows():
        file_import_id, known_start = known.get(external_id, (None, None))
        here = file_import_id == work.origin.file_import_id
        if external_id in known and not (is_elsewhere and (here or known_start != start)):
            refused[line] = Reject.DUPLICATE_IN_FILE if here else Reject.CHANGED
    return refused


def refused_things(
    placed: pl.DataFrame, needs: dict[Thing, pl.Series], creates: Collection[Thing]
) -> dict[int, Reject]:
    """Return the lines that need something an import may not create, each with the gravest reason."""
    refused: dict[int, Reject] = {}
    for thing in reversed(Thing):
        if thing not in creates:
            refused |= dict.fromkeys(placed["line"].filter(needs[thing]), _UNKNOWN[thing])
    return refused


def of_several(placed: pl.DataFrame, network: Network) -> dict[int, Reject]:
    """Return the lines whose card several partners have: it is nobody's to guess who pays."""
    return dict.fromkeys(placed["line"].filter(network.of_several(placed)), Reject.CARD_OF_SEVERAL)


_UNKNOWN = {
    Thing.SITES: Reject.UNKNOWN_SITE,
    Thing.STATIONS: Reject.UNKNOWN_STATION,
    Thing.CONNECTORS: Reject.UNKNOWN_STATION,
    Thing.TOKENS: Reject.UNKNOWN_TOKEN,
}


def flagged(placed: pl.DataFrame, limits: Limits, *, operator_id: int) -> pl.DataFrame:
    """Return the sessions with a list of the codes of everything unusual about them."""
    placed = with_usual(placed, limits, operator_id=operator_id)
    found = [*plausibility.flags(placed, limits=limits), *plausibility.neighbours(placed, limits=limits)]
    found.append((Flag.OVERLAP, plausibility.overlaps(placed, limits=limits)))
    codes = [
        pl.when(mask).then(pl.lit(code.value)).otherwise(None).alias(code.value) for code, mask in found if mask.any()
    ]
    if not codes:
        empty = pl.Series("flags", [[]], dtype=pl.List(pl.String)).new_from_index(0, placed.height)
        return placed.with_columns(empty)
    return placed.with_columns(pl.concat_list(codes).list.drop_nulls().alias("flags"))


def _refused(reasons: dict[int, Reject], sessions: pl.DataFrame, raw: RawChunk) -> Iterator[Refused]:
    """The rows of the file on these lines; one that would change a session is kept with what it says of it."""
    if not reasons:
        return
    lines = list(reasons)
    said = {row["line"]: row for row in sessions.filter(pl.col("line").is_in(lines)).to_dicts()}
    where = raw.lines.is_in(lines)
    for line, cells in zip(raw.lines.filter(where), raw.frame.filter(where).iter_rows(), strict=True):
        facts = {name: said[line][name] for name in FACTS} if reasons[line] is Reject.CHANGED else None
        yield Refused(line, cells, (reasons[line],), said[line]["energy_wh"], facts)


def _store_in_scope(piece: Piece, work: Work) -> None:
    with suppress(StoredAlready), tenant_scope(work.origin.operator_id):
        store(piece, work)


def _store_apart(piece: Piece, work: Work) -> None:
    """Store a chunk on this thread's own connection; writers that wait for each other's rows try again."""
    try:
        for attempt in range(1, _TRIES + 1):
            try:
                with suppress(StoredAlready), tenant_scope(work.origin.operator_id):
                    _commit_lazily()
                    store(piece, work)
            except OperationalError:
                if attempt == _TRIES:
                    raise
            else:
                return
    finally:
        connection.close()


def _commit_lazily() -> None:
    """Do not wait for the disk: after a crash the chunk and its mark are gone together and it is read again."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")


def _count(piece: Piece, origin: Origin, taken: Taken) -> None:
    """Add the chunk to the totals and mark it. The last statement of its transaction: the row is locked from here."""
    marked = (
        FileImport.objects.filter(pk=origin.file_import_id)
        .exclude(committed_chunks__contains=[piece.first_line])
        .update(
            committed_chunks=Func(F("committed_chunks"), Value(piece.first_line), function="array_append"),
            rows_read=F("rows_read") + piece.batch.rows,
            blank_lines=F("blank_lines") + piece.batch.blank_lines,
            accepted=F("accepted") + taken.inserted.height,
            known=F("known") + len(taken.known),
            rejected=F("rejected") + len(taken.rejected),
            flagged=F("flagged") + taken.flagged,
            accepted_wh=F("accepted_wh") + taken.energy_wh,
            rejected_wh=F("rejected_wh") + sum(row.energy_wh or 0 for row in taken.rejected),
            updated_at=timezone.now(),
            leased_until=timezone.now() + LEASE,
        )
    )
    if not marked:
        raise StoredAlready
