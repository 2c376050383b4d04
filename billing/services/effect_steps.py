"""Working out the effect of a version, in the background: a batch of the months' sessions at a time.

Stepped: each batch has a scope of its own, so how far it is shows, and other work comes in between.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np
import psycopg
from django.db import connection
from django.db.models import Q

from billing import batches
from billing.batches import DIGITS, Batch
from billing.domain import zones
from billing.domain.arrays import Bools, Ints
from billing.domain.calendar import month_bounds
from billing.models import PriceEffect, TariffVersion
from billing.selectors import terms
from billing.selectors.pricing import priced_groups
from billing.selectors.terms import PriceBook
from billing.services.effects import Compared, Tally
from charging.models import ChargingSession
from charging.site_scope import limited_to
from tenants import work
from tenants.models import Account, Operator
from tenants.scoping import current_operator_id, tenant_scope

BATCH = 20_000
EVER = datetime(1970, 1, 1, tzinfo=UTC)
#: The account kinds as numbers, for columns: the index in this row.
KINDS = tuple(Account.Kind.values)
_HOUR, _DAY = 3_600, 86_400
_THURSDAY = 3  # 1 January 1970

Clock = Callable[[], datetime]
Position = tuple[datetime, int]

_OLD = f"""
SELECT string_agg(int8send(session_id), ''::bytea ORDER BY session_id),
    string_agg(int8send((amount_incl_vat * 1{"0" * DIGITS})::bigint), ''::bytea ORDER BY session_id)
FROM billing_sessionprice
WHERE operator_id = %s AND session_id = ANY(%s::bigint[]) AND state IN ('priced', 'free') AND currency = %s
"""  # noqa: S608  # constants only


@dataclass(slots=True)
class _Question:
    """What is worked out: the version, whose sessions, and what is kept between batches."""

    row: PriceEffect
    version: TariffVersion
    book: PriceBook
    tally: Tally
    zone: str
    kinds: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Read:
    """A batch of sessions, and which of them were priced, ascending, with their amounts."""

    batch: Batch
    known: Ints
    amounts: Ints


def work_out(operator_id: int, row: PriceEffect, *, clock: Clock) -> None:
    """Work out one effect. A draft that has changed meanwhile leaves it empty: it is asked for anew."""
    with tenant_scope(operator_id):
        version = TariffVersion.objects.filter(tariff=row.tariff_id, document_sha256=row.document_sha256).last()
        if version is None:
            return
        operator = Operator.objects.get(pk=operator_id)
        begin, end = month_bounds(row.month, operator.time_zone)[0], month_bounds(row.last_month, operator.time_zone)[1]
        sessions = Q(started_at__gte=begin, started_at__lt=end, ended_at__isnull=False) & _narrowed(row)
        is_whole = not (row.site_id or row.group_id)
        tally = Tally(terms.terms([version])[0].currency, least=operator.smallest_group, is_whole=is_whole)
        question = _Question(row, version, _book(version, clock()), tally, operator.time_zone)
        total = ChargingSession.objects.filter(sessions).count()
        work.keep(row, at=clock(), done=0, total=total)
    after: Position | None = None
    counted: Future[int] | None = None
    done = 0
    # While a batch is priced, PostgreSQL reads the next one. The thread has no scope: it asks the database nothing.
    with ThreadPoolExecutor(1) as beside:
        while True:
            with tenant_scope(operator_id), limited_to(None):
                found, after = _next(sessions, after)
                batch = _read(question, found) if found else None
                if counted is not None:
                    done += counted.result()
                    work.keep(row, at=clock(), done=done)
                if batch is None:
                    work.finish(row, result=tally.stored(), finished_at=clock())
                    return
            counted = beside.submit(_count, question, batch)


def _narrowed(row: PriceEffect) -> Q:
    if row.site_id:
        return Q(site=row.site_id)
    return Q(driver__group=row.group_id) if row.group_id else Q()


def _book(version: TariffVersion, at: datetime) -> PriceBook:
    """What would decide prices if the version were in force, and its tariff had always applied where it does by now."""
    book = terms.price_book()
    now, tariff = int(at.timestamp()), version.tariff_id
    rules = tuple(replace(rule, since=0) if rule.tariff == tariff and rule.until > now else rule for rule in book.rules)
    version.valid_from = EVER
    return replace(book, rules=rules, versions={**book.versions, tariff: (version,)})


def _next(sessions: Q, after: Position | None) -> tuple[list[int], Position | None]:
    """The next of the sessions by their start, and where the last one stands; None when there are no more."""
    rows = ChargingSession.objects.filter(sessions)
    if after is not None:
        rows = rows.filter(Q(started_at__gt=after[0]) | Q(started_at=after[0], pk__gt=after[1]))
        rows = rows.filter(started_at__gte=after[0])
    found = list(rows.order_by("started_at", "pk").values_list("pk", flat=True)[:BATCH])
    if not found:
        return [], None
    return found, (ChargingSession.objects.values_list("started_at", flat=True).get(pk=found[-1]), found[-1])


def _read(question: _Question, session_ids: list[int]) -> _Read:
    """All of the sessions that counting needs."""
    batch = batches.read(current_operator_id(), session_ids)
    known, amounts = _old(session_ids, question.tally.currency)
    _learn_kinds(question, batch.payer)
    return _Read(batch, known, amounts)


def _count(question: _Question, read: _Read) -> int:
    """Price those of the sessions that the version would price, count them beside their old amounts; return how many.

    Sessions are counted as they were read, also those that are left out.
    """
    batch = read.batch
    versions, chosen, reached = _reached(question, batch)
    question.tally.is_whole &= bool((reached | (batch.driver == 0)).all())
    compared = reached & np.isin(batch.id, read.known)
    question.tally.unpriced += int(reached.sum()) - int(compared.sum())
    only = np.where(compared, chosen, terms.NO_TARIFF)
    for rows, _, rated in priced_groups(question.book, batch, versions, only):
        good = np.flatnonzero(batches.billable(rated))
        at = rows[good]
        question.tally.take(
            Compared(
                session=batch.id[at],
                driver=batch.driver[at],
                month=_months(question, batch.start[at]),
                parts=_parts(question, batch, at),
                old=read.amounts[np.searchsorted(read.known, batch.id[at])],
                new=batches.incl_units(rated)[good].astype(np.int64),
            )
        )
    return len(batch)


def _reached(question: _Question, batch: Batch) -> tuple[list[TariffVersion], Ints, Bools]:
    """The versions, which of them prices each session, and whether it is the one in question. Nobody's are left out."""
    somebody = batch.driver != 0
    if question.row.reach != PriceEffect.Reach.ASSIGNED:
        return [question.version], np.where(somebody, 0, terms.NO_TARIFF), somebody
    versions, chosen = question.book.choose(batch)
    own = [number for number, version in enumerate(versions) if version is question.version]
    return versions, chosen, np.isin(chosen, own) & somebody


def _old(session_ids: Sequence[int], currency: str) -> tuple[Ints, Ints]:
    """The sessions that were priced, ascending, and what with. Packed by the database, as batches are."""
    connection.ensure_connection()
    with psycopg.Cursor(connection.connection) as cursor:  # Django's own cursors only receive text
        cursor.format = psycopg.pq.Format.BINARY
        cursor.execute(_OLD, [current_operator_id(), batches.array(session_ids), currency])
        packed = cursor.fetchone() or (None, None)
    ids, amounts = (np.frombuffer(column or b"", dtype=">i8").astype(np.int64) for column in packed)
    return ids, amounts


def _months(question: _Question, starts: Ints) -> Ints:
    """The month of each instant by the operator's clock, counted from 1970."""
    local = starts + zones.offsets(question.zone, starts)
    return local.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)


def _parts(question: _Question, batch: Batch, at: Ints) -> dict[str, Ints]:
    """The keys of the sessions by which they are summed (`effects.PARTS`)."""
    local = batch.start[at] + _offsets(batch, at, question.book.zones)
    return {
        "site": batch.site[at],
        "hour": local % _DAY // _HOUR,
        "weekday": (local // _DAY + _THURSDAY) % 7,
        "group": batch.group[at],
        "kind": _kinds(question, batch.payer[at]),
    }


def _offsets(batch: Batch, at: Ints, zone_of: dict[int, str]) -> Ints:
    """How many seconds the clock of each session's site is before UTC's when it starts."""
    found = np.zeros(len(at), dtype=np.int64)
    sites, row_of = np.unique(batch.site[at], return_inverse=True)
    names = np.array([zone_of[site] for site in sites.tolist()])
    for name in np.unique(names).tolist():
        here = (names == name)[row_of]
        found[here] = zones.offsets(name, batch.start[at][here])
    return found


def _learn_kinds(question: _Question, payers: Ints) -> None:
    """Find out what kind of account those of the payers are that are new."""
    unknown = [key for key in np.unique(payers).tolist() if key not in question.kinds]
    found = Account.objects.filter(pk__in=unknown).values_list("pk", "kind")
    question.kinds |= {key: KINDS.index(kind) for key, kind in found}


def _kinds(question: _Question, payers: Ints) -> Ints:
    """What kind of account pays, as an index of `KINDS`."""
    each, row_of = np.unique(payers, return_inverse=True)
    return np.array([question.kinds.get(key, 0) for key in each.tolist()], dtype=np.int64)[row_of]
