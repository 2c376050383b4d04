"""Working out the effect of a version, in the background: a batch of the months' sessions at a time.

Stepped: each batch has a scope of its own, so how far it is shows, and other work comes in between.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import numpy as np
from django.db import connection

from billing import batches
from billing.batches import DIGITS, Batch
from billing.domain import zones
from billing.domain.arrays import Bools, Ints
from billing.domain.calendar import month_bounds
from billing.domain.sessions.columns import ABSENT
from billing.models import PriceEffect, TariffVersion
from billing.selectors import terms
from billing.selectors.pricing import priced_groups
from billing.selectors.terms import PriceBook
from billing.services.effects import Compared, Tally
from charging.site_scope import limited_to
from tenants import work
from tenants.models import Account, Operator
from tenants.scoping import tenant_scope

BATCH = 50_000
#: Connections that read ahead: one alone reads at half of the speed at which sessions are priced.
READERS = 2
EVER = datetime(1970, 1, 1, tzinfo=UTC)
#: The account kinds as numbers, for columns: the index in this row.
KINDS = tuple(Account.Kind.values)
_HOUR, _DAY = 3_600, 86_400
_THURSDAY = 3  # 1 January 1970

Clock = Callable[[], datetime]
Position = tuple[datetime, int]

# Prices go by the group of then. Few have changed theirs, and only the sessions of these are looked up one by one: each
# condition is asked once it is needed, and the lists are read once, whatever the planner expects of them.
_OF_GROUP = f"""
AND CASE
    WHEN s.driver_id IN (
        SELECT g.id FROM tenants_driver g
        WHERE g.operator_id = %(operator)s AND g.group_id = %(group)s AND g.group_since IS NULL
    ) THEN true
    WHEN s.driver_id IN (
        SELECT g.id FROM tenants_driver g
        WHERE g.operator_id = %(operator)s AND g.group_id = %(group)s AND g.group_since IS NOT NULL
        UNION ALL
        SELECT e.driver_id FROM tenants_earliergroup e WHERE e.operator_id = %(operator)s AND e.group_id = %(group)s
    ) THEN %(group)s = (
        SELECT {batches.GROUP} FROM tenants_driver d WHERE d.operator_id = s.operator_id AND d.id = s.driver_id
    )
    ELSE false
END
"""  # noqa: S608  # constants only
#: Those that are asked for: all, or those of a site, or of a group of drivers.
_THOSE = {"all": "", "site": "AND s.site_id = %(site)s", "group": _OF_GROUP}
# Which session ends a batch is told beforehand, in one reading of an index. With a LIMIT instead, the planner expects
# the batch to be of any size, and joins it more slowly.
_ENDS_OF = """
SELECT o.started_at, o.id FROM (
    SELECT s.started_at, s.id, row_number() OVER (ORDER BY s.started_at, s.id) AS place FROM charging_chargingsession s
    WHERE s.operator_id = %(operator)s AND s.started_at >= %(begin)s AND s.started_at < %(end)s {those}
) o WHERE o.place %% %(batch)s = 0 ORDER BY o.started_at, o.id
"""
_SESSIONS = f"""
(SELECT {batches.NEEDED} FROM charging_chargingsession s
WHERE s.operator_id = %(operator)s AND s.started_at BETWEEN %(after)s AND %(upto)s
  AND (s.started_at, s.id) > (%(after)s, %(after_id)s) AND (s.started_at, s.id) <= (%(upto)s, %(upto_id)s)
  AND s.ended_at IS NOT NULL {{those}}) s
"""  # noqa: S608  # constants only
_OLD_PRICES = """
LEFT JOIN billing_sessionprice p ON p.operator_id = s.operator_id AND p.session_id = s.id
    AND p.state IN ('priced', 'free') AND p.currency = %(currency)s
"""
#: What each was priced with; nothing where it has no price.
_OLD = f"int8send(coalesce((p.amount_incl_vat * 1{'0' * DIGITS})::bigint, {ABSENT}))"
_ENDS = {narrowed: _ENDS_OF.format(those=those) for narrowed, those in _THOSE.items()}
_READ = {
    narrowed: batches.packed(_SESSIONS.format(those=those), joined=_OLD_PRICES, also=[_OLD])
    for narrowed, those in _THOSE.items()
}


@dataclass(slots=True)
class _Question:
    """What is worked out: the version, whose sessions, and what is kept between batches."""

    row: PriceEffect
    version: TariffVersion
    book: PriceBook
    tally: Tally
    zone: str
    #: What the statements ask by: whose sessions, and of which time.
    values: dict[str, Any]
    #: Accounts that are not of the first kind, ascending, and of which they are (`KINDS`).
    unusual: tuple[Ints, Ints]


def work_out(operator_id: int, row: PriceEffect, *, clock: Clock) -> None:
    """Work out one effect. A draft that has changed meanwhile leaves it empty: it is asked for anew."""
    with tenant_scope(operator_id):
        version = TariffVersion.objects.filter(tariff=row.tariff_id, document_sha256=row.document_sha256).last()
        if version is None:
            return
        operator = Operator.objects.get(pk=operator_id)
        begin, end = month_bounds(row.month, operator.time_zone)[0], month_bounds(row.last_month, operator.time_zone)[1]
        values = {"operator": operator_id, "begin": begin, "end": end, "site": row.site_id, "group": row.group_id}
        is_whole = not (row.site_id or row.group_id)
        tally = Tally(terms.terms([version])[0].currency, least=operator.smallest_group, is_whole=is_whole)
        question = _Question(
            row, version, _book(version, clock()), tally, operator.time_zone, values, unusual=_unusual_accounts()
        )
        ends = _ends(question)
        work.keep(row, at=clock(), done=0, total=BATCH * len(ends))
    for place, (batch, old) in enumerate(_batches(operator_id, question, [(begin, 0), *ends]), start=1):
        _count(question, batch, old)
        with tenant_scope(operator_id):
            work.keep(row, at=clock(), done=BATCH * place)
    with tenant_scope(operator_id):
        work.finish(row, result=tally.stored(), done=row.total, finished_at=clock())


def _narrowed(row: PriceEffect) -> str:
    return "site" if row.site_id else "group" if row.group_id else "all"


def _ends(question: _Question) -> list[Position]:
    """Where each batch of the sessions ends, by their start; the last one where the months do."""
    with connection.cursor() as cursor:
        cursor.execute(_ENDS[_narrowed(question.row)], {**question.values, "batch": BATCH})
        return [*cursor.fetchall(), (question.values["end"], 0)]


def _batches(operator_id: int, question: _Question, ends: list[Position]) -> Iterator[tuple[Batch, Ints]]:
    """The batches in their order: while one is priced, `READERS` connections read the next ones.

    Inside an open transaction other connections would not see its rows: there they are read one after another.
    """
    stretches = pairwise(ends)
    if connection.in_atomic_block:
        yield from (_read(operator_id, question, *each) for each in stretches)
        return
    with ThreadPoolExecutor(READERS, thread_name_prefix="effect") as readers:
        ahead: deque[Future[tuple[Batch, Ints]]] = deque()
        try:
            for each in stretches:
                ahead.append(readers.submit(_read_apart, operator_id, question, *each))
                if len(ahead) > READERS:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for one in ahead:
                one.cancel()


def _book(version: TariffVersion, at: datetime) -> PriceBook:
    """What would decide prices if the version were in force, and its tariff had always applied where it does by now."""
    book = terms.price_book()
    now, tariff = int(at.timestamp()), version.tariff_id
    rules = tuple(replace(rule, since=0) if rule.tariff == tariff and rule.until > now else rule for rule in book.rules)
    version.valid_from = EVER
    return replace(book, rules=rules, versions={**book.versions, tariff: (version,)})


def _read_apart(operator_id: int, question: _Question, after: Position, upto: Position) -> tuple[Batch, Ints]:
    """Read on this thread's own connection."""
    try:
        return _read(operator_id, question, after, upto)
    finally:
        connection.close()


def _read(operator_id: int, question: _Question, after: Position, upto: Position) -> tuple[Batch, Ints]:
    """All that counting needs of the sessions after one and up to another: they, and what each was priced with."""
    values = {**question.values, "after": after[0], "after_id": after[1], "upto": upto[0], "upto_id": upto[1]}
    with tenant_scope(operator_id), limited_to(None):
        batch, (old,) = batches.unpack(_READ[_narrowed(question.row)], {**values, "currency": question.tally.currency})
    return batch, old


def _count(question: _Question, batch: Batch, old: Ints) -> None:
    """Price those of the sessions that the version would price, and count them beside their old amounts."""
    if not len(batch):
        return
    versions, chosen, reached = _reached(question, batch)
    question.tally.is_whole &= bool((reached | (batch.driver == 0)).all())
    compared = reached & (old != ABSENT)
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
                old=old[at],
                new=batches.incl_units(rated)[good].astype(np.int64),
            )
        )


def _reached(question: _Question, batch: Batch) -> tuple[list[TariffVersion], Ints, Bools]:
    """The versions, which of them prices each session, and whether it is the one in question. Nobody's are left out."""
    somebody = batch.driver != 0
    if question.row.reach != PriceEffect.Reach.ASSIGNED:
        return [question.version], np.where(somebody, 0, terms.NO_TARIFF), somebody
    versions, chosen = question.book.choose(batch)
    own = [number for number, version in enumerate(versions) if version is question.version]
    return versions, chosen, np.isin(chosen, own) & somebody


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
    everywhere = set(zone_of.values())
    if len(everywhere) == 1:
        return zones.offsets(everywhere.pop(), batch.start[at])
    found = np.zeros(len(at), dtype=np.int64)
    sites, row_of = np.unique(batch.site[at], return_inverse=True)
    names = np.array([zone_of[site] for site in sites.tolist()])
    for name in np.unique(names).tolist():
        here = (names == name)[row_of]
        found[here] = zones.offsets(name, batch.start[at][here])
    return found


def _unusual_accounts() -> tuple[Ints, Ints]:
    found = list(Account.objects.exclude(kind=KINDS[0]).order_by("pk").values_list("pk", "kind"))
    keys, kinds = [pk for pk, _ in found], [KINDS.index(kind) for _, kind in found]
    return np.array(keys, dtype=np.int64), np.array(kinds, dtype=np.int64)


def _kinds(question: _Question, payers: Ints) -> Ints:
    """What kind of account pays, as an index of `KINDS`."""
    accounts, kinds = question.unusual
    if not len(accounts):
        return np.zeros(len(payers), dtype=np.int64)
    at = np.minimum(np.searchsorted(accounts, payers), len(accounts) - 1)
    return np.where(accounts[at] == payers, kinds[at], 0)
