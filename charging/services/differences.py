"""Rows of a file that say something else of a known session: kept as open corrections, each once, to be decided on."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import polars as pl

from charging.domain.corrections import NAMED, changes, stored, undone, unknown
from charging.domain.local_time import UTC_TIME
from charging.domain.reasons import Reject
from charging.ingest import identity
from charging.ingest.network import Network
from charging.models import ChargingSession, Correction, FileImport, RejectedRow

_AT_ONCE = 2_000
_SETTLED = {
    Correction.State.TAKEN_OVER.value: RejectedRow.Settled.TAKEN_OVER,
    Correction.State.KEPT.value: RejectedRow.Settled.LEFT,
}
_TAKEN = Correction.State.TAKEN_OVER
_NAMES = ("site", "station", "connector", "token")


def note(row: FileImport, network: Network) -> None:
    """Open a correction for each such row of an import that has come to its end.

    What was said before, by another file, is not asked again: the row is settled as that was. Nor is what a person has
    put another value in place of: the row is left.
    """
    waiting = RejectedRow.objects.filter(file_import=row, settled=RejectedRow.Settled.NO)  # others may have been mended
    changed = waiting.filter(reason=Reject.CHANGED, facts__isnull=False).order_by("pk")
    rows = changed.iterator(chunk_size=_AT_ONCE)
    while some := list(islice(rows, _AT_ONCE)):
        _note(row, some, network)


def settle(rows: Iterable[Correction]) -> None:
    """Let the rejected rows say what became of what they said."""
    for correction in rows:
        if correction.file_import_id is not None and correction.line_number is not None:
            RejectedRow.objects.filter(
                file_import=correction.file_import_id, line_number=correction.line_number
            ).update(settled=_SETTLED[correction.state])


def in_place_of(numbers: Iterable[int | None]) -> dict[int, ChargingSession]:
    """Return the sessions and those billed in the place of some, each under its number and that of the former."""
    found = ChargingSession.objects.in_bulk([number for number in numbers if number])
    found |= {session.pk: session for session in found.values()}
    while True:
        keys = {session.pk for session in found.values()}
        steps = Correction.objects.filter(session__in=keys, state=_TAKEN, replaced_by__isnull=False)
        instead = {step.session_id: step.replaced_by for step in steps.select_related("replaced_by")}
        if not instead:
            return found
        found = {number: instead.get(session.pk) or session for number, session in found.items()}
        found |= {session.pk: session for session in found.values()}


def put_aside(session: ChargingSession, taken: Iterable[Correction], said: Mapping[str, Any]) -> bool:
    """Whether this is what stood there when a person typed another value: they have seen it, and decided against it.

    taken: what was taken over of the session, the last one last. Of a value that its source itself has replaced since,
    nobody has: saying it again is news.
    """
    before = stored(session)
    for one in reversed(list(taken)):
        if one.file_import_id is not None or unknown(said):
            return False
        before = undone(before, one.before or {})
        if not changes(before, said):
            return True
    return False


def _note(row: FileImport, rejected: Sequence[RejectedRow], network: Network) -> None:
    told: list[dict[str, Any]] = [each.facts or {} for each in rejected]
    frame = _frame(told)
    keys = network.placed(frame).select(*NAMED.values()).to_dicts()
    sessions = _sessions(row, frame)
    meant = in_place_of(set(sessions) - {None})
    rows = Correction.objects.filter(session__in={*meant, *(one.pk for one in meant.values())}).order_by("pk")
    earlier = {(meant[one.session_id].pk, _named(one.said)): one for one in rows if one.session_id in meant}
    taken: dict[int, list[Correction]] = {}
    for one in rows.filter(state=_TAKEN).order_by("settled_at", "pk"):
        taken.setdefault(meant[one.session_id].pk, []).append(one)
    fresh = []
    for each, said, number, key in zip(rejected, told, sessions, keys, strict=True):
        if number is None:
            continue
        session = meant[number]
        same = session.pk, _named(said)
        known, taken_over = earlier.get(same), taken.get(session.pk, [])
        if put_aside(session, taken_over, said | key):
            RejectedRow.objects.filter(pk=each.pk).update(settled=RejectedRow.Settled.LEFT)
        elif known is None or not _holds(known, session, taken_over):
            opened = Correction(session_id=session.pk, file_import=row, line_number=each.line_number, said=said | key)
            earlier[same] = opened
            fresh.append(opened)
        elif known.state in _SETTLED:
            RejectedRow.objects.filter(pk=each.pk).update(settled=_SETTLED[known.state])
    Correction.objects.bulk_create(fresh)


def _holds(known: Correction, session: ChargingSession, taken: Sequence[Correction]) -> bool:
    """Whether what was decided of the same words is decided still: nothing else was taken over since."""
    if known.state == _TAKEN:
        return not changes(stored(session), known.said)
    if known.state == Correction.State.KEPT:
        taken_at = taken[-1].settled_at if taken else None
        return taken_at is None or known.settled_at is None or taken_at <= known.settled_at
    return True


def _frame(facts: Sequence[dict[str, Any]]) -> pl.DataFrame:
    schema: dict[str, Any] = {**dict.fromkeys(_NAMES, pl.String), "given_id": pl.String, "started_at": UTC_TIME}
    rows = [
        {
            **{name: one.get(name) for name in _NAMES},
            "given_id": one["external_id"],
            "started_at": datetime.fromisoformat(one["started_at"]).astimezone(UTC),
        }
        for one in facts
    ]
    return pl.DataFrame(rows, schema=schema)


def _sessions(row: FileImport, frame: pl.DataFrame) -> list[int | None]:
    """Which session each row means: the one told apart by its place and start, where there is one."""
    given, apart = frame["given_id"].to_list(), identity.told_apart(frame).to_list()
    rows = ChargingSession.objects.filter(source=row.source, external_id__in={*given, *apart})
    known = dict(rows.values_list("external_id", "pk"))
    return [known.get(own, known.get(id_)) for id_, own in zip(given, apart, strict=True)]


def _named(said: Mapping[str, Any]) -> str:
    """What a row says by its own words; the numbers of what it names may become known later."""
    facts = {name: fact for name, fact in said.items() if fact not in (None, "") and name not in NAMED.values()}
    return repr(sorted(facts.items()))
