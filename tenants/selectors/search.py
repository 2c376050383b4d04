"""Rows found by their terms: the newest first, until there are more than anybody asked for."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.contrib.postgres.fields import ArrayField
from django.db import connection
from django.db.models import BigIntegerField, BooleanField, F, Func, Q, Value

from tenants import crypto
from tenants.models import SearchIndex, SearchSegment
from tenants.scoping import current_operator_id
from tenants.search import postings
from tenants.search.postings import Ids
from tenants.search.subjects import Subject
from tenants.search.terms import Wanted

#: Of the terms that a row must have, so many are read: those that the fewest rows have.
_READ = 3
#: Segments are asked in groups, the newest first; most searches end with the first.
_GROUPS = (4, 32, 128)
#: A row may have several terms of a span. With so many occurrences for each wanted row, there are too many.
_OCCURRENCES = 8

_ALL = """
SELECT segment_id, packed FROM (
    SELECT segment_id, packed, count(*) OVER s AS found, row_number() OVER (s ORDER BY rows, term) AS rank
    FROM tenants_searchterm
    WHERE operator_id = %(operator)s AND segment_id = ANY(%(segments)s::bigint[]) AND term = ANY(%(terms)s::bigint[])
    WINDOW s AS (PARTITION BY segment_id)) t
WHERE found = %(wanted)s AND rank <= %(read)s
"""
_OF_SPAN = """
FROM tenants_searchterm
WHERE operator_id = %(operator)s AND segment_id = ANY(%(segments)s::bigint[])
  AND term BETWEEN %(first)s AND %(last)s
"""
_SPAN = f"SELECT segment_id, packed {_OF_SPAN}"
_SPAN_OCCURRENCES = f"SELECT coalesce(sum(rows), 0) {_OF_SPAN}"


@dataclass(frozen=True, slots=True)
class Found:
    """Rows that have what is wanted, by id, the newest first, and the id from which on nothing is indexed yet.

    is_all: whether these are all of them; if not, there are more, and these may be none.
    """

    ids: Sequence[int]
    up_to: int
    is_all: bool


def find(subject: Subject, wanted: Wanted, *, most: int) -> Found:
    """Return the rows that have what is wanted, or the newest of more than `most`. Two queries, and one a group.

    Of a span of terms that very many rows have none are read: whoever asks walks its list, which is full soon.
    """
    index = SearchIndex.objects.filter(subject=subject.name, key=crypto.newest_key_name()).first()
    up_to = index.up_to if index else 0
    found: list[Ids] = []
    count = 0
    for group in _grouped(subject, up_to):
        if wanted.span and _occurrences(group, wanted.span) > _OCCURRENCES * most:
            return Found((), up_to, is_all=False)
        found += _of(group, wanted)
        count = sum(map(len, found))
        if count > most:
            break
    newest = np.sort(np.concatenate(found))[::-1][:most] if found else np.array([], np.int64)
    return Found(newest.tolist(), up_to, is_all=count <= most)


def _grouped(subject: Subject, up_to: int) -> Iterator[list[SearchSegment]]:
    rest = list(SearchSegment.objects.filter(subject=subject.name, last__lte=up_to).order_by("-last"))
    for size in (*_GROUPS, len(rest)):
        if rest:
            yield rest[:size]
        rest = rest[size:]


def _occurrences(segments: list[SearchSegment], span: tuple[int, int]) -> int:
    """How often the terms of the span stand in the segments' texts: a row counts for each."""
    values: dict[str, Any] = {"operator": current_operator_id(), "segments": [segment.pk for segment in segments]}
    with connection.cursor() as cursor:
        cursor.execute(_SPAN_OCCURRENCES, {**values, "first": span[0], "last": span[1]})
        return int(cursor.fetchone()[0])


def _of(segments: list[SearchSegment], wanted: Wanted) -> list[Ids]:
    read: dict[int, list[bytes]] = {}
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"operator": current_operator_id(), "segments": [segment.pk for segment in segments]}
        if wanted.span:
            cursor.execute(_SPAN, {**values, "first": wanted.span[0], "last": wanted.span[1]})
        else:
            terms = list(wanted.terms)
            cursor.execute(_ALL, {**values, "terms": terms, "wanted": len(terms), "read": _READ})
        for segment_id, packed in cursor:
            read.setdefault(segment_id, []).append(bytes(packed))
    together = postings.in_any if wanted.span else postings.in_all
    return [
        np.asarray(together([postings.unpack(packed, after=segment.after) for packed in read[segment.pk]]))
        for segment in segments
        if segment.pk in read
    ]


def among(column: str, ids: Iterable[int]) -> Q:
    """Return the condition that a column of ids holds one of these, however many: one value to send, not thousands."""
    numbers = Value(list(ids), output_field=ArrayField(BigIntegerField()))
    template, joiner = "%(expressions)s)", " = ANY("
    return Q(Func(F(column), numbers, template=template, arg_joiner=joiner, output_field=BooleanField()))


def after_all(prefix: str) -> str:
    """Return the first text that comes after every text with this beginning."""
    following = ord(prefix[-1]) + 1
    if 0xD800 <= following <= 0xDFFF:  # halves of a pair, which no text may hold
        following = 0xE000
    return prefix[:-1] + chr(min(following, 0x10FFFF))
