"""Keeps the index of what is searched (`tenants.search`): the sweep asks each minute whether there is enough new.

A row with a lower id can appear after one with a higher. So it is noted which ids were handed out, and these are
indexed at a later turn, when every transaction of that time is over. What is new becomes a segment, together with
those before it that are not much larger: so there are few segments, and each row is read a few times in its life.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection

from tenants import crypto, work
from tenants.models import SearchIndex, SearchSegment, SearchTerm
from tenants.scoping import current_operator_id, tenant_scope
from tenants.sealed_fields import those_that_open
from tenants.search import postings, subjects
from tenants.search.subjects import Subject

#: A segment of so many rows is full, and never read again.
FULL = 131_072
#: Between noting which ids were handed out and indexing them. A transaction that was given one has begun to write it.
SETTLING = timedelta(seconds=20)
_AT_ONCE = 5_000

_INSERT = """
INSERT INTO tenants_searchterm (operator_id, segment_id, term, rows, packed)
SELECT %s, %s, * FROM unnest(%s::bigint[], %s::integer[], %s::bytea[])
"""


def ask_if_behind(at: datetime) -> None:
    """The sweep's question, in each operator's scope."""
    for subject in subjects.subjects():
        row = SearchIndex.objects.filter(subject=subject.name).first()
        if row is None and subject.model._default_manager.exists():
            SearchIndex.objects.create(subject=subject.name, key=crypto.newest_key_name(), queued_at=at)
        elif row is not None and row.state == SearchIndex.State.DONE and _is_behind(subject, row):
            fresh = {"state": SearchIndex.State.WAITING, "queued_at": at, "attempts": 0}
            SearchIndex.objects.filter(pk=row.pk).update(**fresh)


def carry_out(operator_id: int, row: SearchIndex, *, clock: Callable[[], datetime]) -> None:
    """Index one segment of what is settled; when there is no more, note what there is and come back for that."""
    subject = subjects.named(row.subject)
    with tenant_scope(operator_id):
        if row.key != crypto.newest_key_name():
            _begin_anew(subject, row)
        oldest, following = _transactions()
        is_settled = row.seen_by <= oldest
        if is_settled and row.up_to < row.seen:
            row.up_to = index(subject, after=row.up_to, last=row.seen)
        if row.up_to == row.seen or row.seen_by > following:  # of another database, as this one was restored
            row.seen, row.seen_by = _last_id(subject), following
            is_settled = False
        work.keep(row, at=clock(), key=row.key, up_to=row.up_to, seen=row.seen, seen_by=row.seen_by)
        if row.seen - row.up_to <= subject.behind:
            work.finish(row)
        else:
            work.put_back(row, until=None if is_settled else clock() + SETTLING)


def index(subject: Subject, *, after: int, last: int) -> int:
    """Index rows after one id to another, as many as fill a segment, and return to which id."""
    rows = _rows(subject, after, last)
    if len(rows) == FULL:
        last = rows[-1][0]
    if rows:
        small = list(_absorbed(subject, len(rows)))
        if small:
            after = small[-1].after
            rows = _rows(subject, after, last)
            SearchTerm.objects.filter(segment__in=small).delete()
            SearchSegment.objects.filter(pk__in=[segment.pk for segment in small]).delete()
        _store(subject, rows, after=after, last=last)
    return last


def forget(subject: Subject, rows: Iterable[Any]) -> None:
    """Take rows out of the index, as their texts are about to be emptied: no term leads to them any more.

    Where a text opens no more every term is looked through.
    """
    for row in rows:
        said = those_that_open(row, subject.fields)
        around = SearchSegment.objects.filter(subject=subject.name, after__lt=row.pk, last__gte=row.pk)
        entries = SearchTerm.objects.filter(segment__in=around).select_related("segment")
        if len(said) == len(subject.fields):
            terms, _owners = subject.terms_of([" ".join(map(str, said))])
            entries = entries.filter(term__in=terms.tolist())
        for entry in entries:
            ids = postings.unpack(bytes(entry.packed), after=entry.segment.after)
            left = ids[ids != row.pk]
            if len(left):
                packed = postings.pack(left, after=entry.segment.after)
                SearchTerm.objects.filter(pk=entry.pk).update(rows=len(left), packed=packed)
            else:
                entry.delete()


def _absorbed(subject: Subject, size: int) -> Iterator[SearchSegment]:
    """The newest segments that are to become one with so many new rows."""
    for segment in SearchSegment.objects.filter(subject=subject.name).order_by("-last"):
        if segment.rows > 2 * size or size + segment.rows > FULL:
            return
        size += segment.rows
        yield segment


def _rows(subject: Subject, after: int, last: int) -> list[tuple[Any, ...]]:
    rows = subject.model._default_manager.filter(pk__gt=after, pk__lte=last).order_by("pk")
    if not subject.whose:
        return list(rows.values_list("pk", *subject.fields)[:FULL])
    every = rows.only(*subject.fields, *subject.whose)[:FULL]
    return [(row.pk, *(getattr(row, name) for name in subject.fields)) for row in every]


def _store(subject: Subject, rows: list[tuple[Any, ...]], *, after: int, last: int) -> None:
    segment = SearchSegment.objects.create(subject=subject.name, after=after, last=last, rows=len(rows))
    terms, owners = subject.terms_of([" ".join(map(str, row[1:])) for row in rows])
    if not len(terms):
        return
    ids = np.array([row[0] for row in rows], np.int64)
    known, which = np.unique(terms, return_inverse=True)
    pairs = np.unique(which * len(rows) + owners)  # by term, then by row
    ends = np.flatnonzero(np.diff(pairs // len(rows))) + 1
    lists = [ids[indices] for indices in np.split(pairs % len(rows), ends)]
    with connection.cursor() as cursor:
        for at in range(0, len(known), _AT_ONCE):
            some = lists[at : at + _AT_ONCE]
            packed = [postings.pack(each, after=after) for each in some]
            values = [known[at : at + _AT_ONCE].tolist(), [len(each) for each in some], packed]
            cursor.execute(_INSERT, [current_operator_id(), segment.pk, *values])


def _is_behind(subject: Subject, row: SearchIndex) -> bool:
    return row.key != crypto.newest_key_name() or _last_id(subject) - row.up_to > subject.behind


def _begin_anew(subject: Subject, row: SearchIndex) -> None:
    segments = SearchSegment.objects.filter(subject=subject.name)
    SearchTerm.objects.filter(segment__in=segments).delete()
    segments.delete()
    row.key, row.up_to, row.seen = crypto.newest_key_name(), 0, 0


def _last_id(subject: Subject) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence(%s, 'id')::regclass), 0)",
            [subject.model._meta.db_table],
        )
        return int(cursor.fetchone()[0])


def _transactions() -> tuple[int, int]:
    """The oldest transaction that is not over, and the one that would come next."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint FROM pg_current_snapshot() s"
        )
        oldest, following = cursor.fetchone()
    return int(oldest), int(following)
