"""Rating: every closed session gets a price, or a reason why it has none.

Continuous: sessions without a price are found in the database, whatever became of the message that
announced them. A price that is no longer right (a new version, another assignment) is deleted while
the session stands on no invoice, and is thereby waiting again.

What never happens: a session priced zero because something was missing. No payer, no tariff, no
reading: each is a problem with a code, which a person sees under review.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.timezone import now

from billing import batches
from billing.batches import Batch
from billing.domain.arrays import Ints
from billing.domain.errors import Code
from billing.domain.explained.problems import error_of
from billing.domain.kernel.rated import Rated
from billing.models import BilledSession, Pricing, SessionPrice, Tariff, TariffAssignment
from billing.models.invoice import IN_FORCE
from billing.selectors import terms, waiting
from billing.selectors.pricing import priced_groups
from billing.selectors.terms import PriceBook
from billing.selectors.waiting import EVERY, Share
from billing.sql.status import OPEN_TO_BILLING, on_no_invoice
from charging.models import ChargingSession, Site
from charging.site_scope import limited_to
from tenants import work
from tenants.models import Account
from tenants.scoping import current_operator_id

BATCH = 20_000
_TERMS_CLASS = 0x57_4C_02
#: And those after it: one for each share.
_ADVISORY_CLASS = 0x57_4C_10

_STAGE = """
CREATE TEMP TABLE rated (
    session_id bigint, tariff_version_id bigint, state text, problem text, problem_facts jsonb,
    currency text, excl numeric, incl numeric, lines jsonb, flags integer
) ON COMMIT DROP
"""
# Whoever drafts an invoice locks the prices it takes. Waiting for that lock here, and looking for the
# invoice only afterwards, keeps a price from changing under an invoice. Most sessions have none, so each is looked up.
_PRICED = """
SELECT p.id FROM rated r CROSS JOIN LATERAL (
    SELECT p.id FROM billing_sessionprice p WHERE p.operator_id = %s AND p.session_id = r.session_id OFFSET 0
) p
"""
_LOCK = "SELECT 1 FROM billing_sessionprice WHERE operator_id = %s AND id = ANY(%s) ORDER BY session_id FOR UPDATE"
# In order, as two who price the same sessions at once wait for each other's rows; the order of a batch fits in memory.
_IN_MEMORY = "SET LOCAL work_mem = '48MB'"
_WRITE = f"""
INSERT INTO billing_sessionprice (operator_id, session_id, tariff_version_id, state, problem, problem_facts,
    currency, amount_excl_vat, amount_incl_vat, lines, flags, rated_at)
SELECT %(operator)s, r.session_id, r.tariff_version_id, r.state, r.problem, r.problem_facts,
    r.currency, r.excl, r.incl, r.lines, r.flags, now()
FROM rated r JOIN charging_chargingsession s ON s.operator_id = %(operator)s AND s.id = r.session_id
WHERE {OPEN_TO_BILLING} AND {on_no_invoice("r.session_id", by_key=True)}
ORDER BY r.session_id
ON CONFLICT (operator_id, session_id) DO UPDATE SET
    tariff_version_id = excluded.tariff_version_id, state = excluded.state, problem = excluded.problem,
    problem_facts = excluded.problem_facts, currency = excluded.currency,
    amount_excl_vat = excluded.amount_excl_vat, amount_incl_vat = excluded.amount_incl_vat,
    lines = excluded.lines, flags = excluded.flags, rated_at = excluded.rated_at
"""  # noqa: S608  # constants only


def ask() -> None:
    """Have the sessions that wait for a price priced soon. A few rows stand for all of them."""
    Pricing.objects.bulk_create([Pricing(share=number) for number in range(waiting.SHARES)], ignore_conflicts=True)
    done = Pricing.objects.filter(state=Pricing.State.DONE)
    done.update(state=Pricing.State.WAITING, queued_at=now(), attempts=0)  # tries of this time alone are counted
    work.enqueue(Pricing(), rows=waiting.SHARES)


def ask_if_waiting(at: datetime) -> None:
    """The sweep's question: sessions arrive by the million, and none of them asks by itself."""
    if waiting.session_ids(limit=1):
        ask()


def rate_beyond(reached: int = 0, *, limit: int = BATCH, share: Share = EVERY) -> tuple[int, int]:
    """Rate up to `limit` sessions of a share that wait for a price and come after the one with the id `reached`.

    Returns how many were, 0 when there are none, and the id that is reached then. One worker at a time does this for an
    operator's share; another one called meanwhile finds nothing to do.
    """
    if not _only_one(share):
        return 0, reached
    found = waiting.session_ids(limit=limit, beyond=reached, share=share)
    return rate(found), max([reached, *found[-1:]])


@limited_to(None)  # whoever asks: a price follows from every assignment there is
def rate(session_ids: Iterable[int]) -> int:
    """Rate these closed sessions, anew if they have a price. Billed ones and those under review keep what they have.

    Whether a session may get a price is asked once, when its price is written. Returns how many got one, or a problem.
    """
    wanted = sorted(session_ids)
    hold_terms()
    book = terms.price_book()
    done = 0
    for start in range(0, len(wanted), BATCH):
        done += _rate_or_divide(book, wanted[start : start + BATCH])
    return done


def _rate_or_divide(book: PriceBook, session_ids: Sequence[int]) -> int:
    """Rate a batch; one that fails is halved until the sessions at fault stand alone, and get a problem."""
    try:
        with transaction.atomic():
            return _rate_batch(book, session_ids)
    except Exception as error:
        if work.is_of_the_machine(error):
            raise
        if len(session_ids) == 1:
            work.report(f"Session {session_ids[0]} could not be priced", error)
            return _write_prices([_problem_row(session_ids[0], Code.NOT_PRICEABLE, {})])
    middle = len(session_ids) // 2
    return sum(_rate_or_divide(book, half) for half in (session_ids[:middle], session_ids[middle:]))


def forget_tariff(tariff: Tariff, *, since: datetime) -> int:
    """Drop the unbilled prices that any assignment of the tariff could change from `since` on."""
    return sum(forget_target(assignment, since=since) for assignment in tariff.assignments.all())


def forget_target(assignment: TariffAssignment, *, since: datetime) -> int:
    """Drop the unbilled prices of sessions from `since` on that an assignment reaches; they are rated anew."""
    since = max(since, assignment.valid_from)
    await_rating()
    # Whoever drafts holds these locks: wait for them, and only then look which sessions stand on an invoice.
    list(waiting.unbilled_prices(assignment, since=since).select_for_update(of=("self",)).values_list("pk"))
    dropped = int(waiting.unbilled_prices(assignment, since=since).delete()[0])
    ask()
    return dropped


def forget_account(account: Account, *, of: Site | None = None) -> int:
    """Drop the unbilled prices of sessions that the account may pay for, at this site or any; they are rated anew."""
    await_rating()
    prices = waiting.unbilled_prices_of(account)
    prices = prices if of is None else prices.filter(session__site=of)
    list(prices.select_for_update(of=("self",)).values_list("pk"))
    dropped = int(prices.delete()[0])
    ask()
    return dropped


def free_to_change(sessions: QuerySet[ChargingSession]) -> list[int]:
    """Drop the prices of those of the sessions that stand on no invoice, and return their ids: their facts may change.

    They are priced anew when this transaction has committed. Nobody can bill one of them before that.
    """
    ids = list(sessions.order_by("pk").values_list("pk", flat=True))
    hold_prices(ids)
    billed = set(BilledSession.objects.filter(IN_FORCE, session__in=ids).values_list("session", flat=True))
    free = [pk for pk in ids if pk not in billed]
    SessionPrice.objects.filter(session__in=free).delete()
    if free:
        ask()
    return free


def hold_prices(session_ids: Sequence[int]) -> None:
    """Let nobody price or bill these sessions before this transaction has committed.

    Whoever drafts holds the locks of the prices: wait for them, and only then look which sessions stand on an invoice.
    """
    await_rating()
    prices = SessionPrice.objects.filter(session__in=session_ids).order_by("pk")
    list(prices.select_for_update(of=("self",)).values_list("pk"))


def hold_terms() -> None:
    """Keep tariffs and assignments as they are until this transaction has written the prices it makes of them.

    This lock comes before those of prices, runs, drivers, payers and places: whoever changes terms holds it, and waits
    for them, when their change is written and when it is committed.
    """
    _lock_terms("pg_advisory_xact_lock_shared")


def await_rating() -> None:
    """Wait for those who rate by the terms of before, or what they write would be forgotten too early.

    Whoever begins to rate meanwhile waits for this transaction, and then reads the new terms. In order as `hold_terms`.
    """
    _lock_terms("pg_advisory_xact_lock")


def _only_one(share: Share) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(%s, %s)",
            [_ADVISORY_CLASS + share.number, current_operator_id() & 0x7FFFFFFF],
        )
        return bool(cursor.fetchone()[0])


def _lock_terms(function: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, %s)", [_TERMS_CLASS, current_operator_id() & 0x7FFFFFFF])


def _rate_batch(book: PriceBook, session_ids: Sequence[int]) -> int:
    batch = batches.read(current_operator_id(), session_ids)
    if len(batch) == 0:
        return 0
    return _write_prices(_rows(book, batch))


def _write_prices(rows: Iterable[str]) -> int:
    """Store prices and problems given as lines for COPY; return how many were stored."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS rated")
        cursor.execute(_STAGE)
        with cursor.connection.cursor() as raw, raw.copy("COPY rated FROM STDIN") as copy:
            for block in rows:
                copy.write(block)
        operator = current_operator_id()
        cursor.execute("ANALYZE rated (session_id)")
        cursor.execute(_PRICED, [operator])
        if priced := [row[0] for row in cursor.fetchall()]:
            cursor.execute(_LOCK, [operator, priced])
        cursor.execute(_IN_MEMORY)
        cursor.execute(_WRITE, {"operator": operator})
        return int(cursor.rowcount)


def _rows(book: PriceBook, batch: Batch) -> Iterator[str]:
    """The batch as lines for COPY: each session exactly once, with its price or its problem."""
    versions, chosen = book.choose(batch)
    chosen = np.where((batch.payer == 0) & (chosen >= 0), _UNPAID, chosen)
    for reason, code in _PROBLEMS.items():
        yield _problem_rows(batch, np.flatnonzero(chosen == reason), code, {})
    for rows, needed, rated in priced_groups(book, batch, versions, chosen):
        yield batches.priced(rated, ids=batch.id[rows], versions=[version.pk for version in needed])
        costly = np.flatnonzero((rated.fault == 0) & batches.beyond_billing(rated))
        yield _problem_rows(batch, rows[costly], Code.TOO_COSTLY, {})
        yield from _fault_rows(batch, rows, rated)


_UNPAID = -3
_PROBLEMS = {_UNPAID: Code.NO_DRIVER, terms.NO_TARIFF: Code.NO_TARIFF, terms.NO_VERSION: Code.NO_VERSION}


def _fault_rows(batch: Batch, rows: Ints, rated: Rated) -> Iterator[str]:
    for fault in np.unique(rated.fault[rated.fault != 0]).tolist():
        hit = np.flatnonzero(rated.fault == fault)
        error = error_of(rated, int(hit[0]))
        if error is not None:
            yield _problem_rows(batch, rows[hit], error.code, error.facts)


def _problem_rows(batch: Batch, rows: Ints, code: str, facts: Mapping[str, Any]) -> str:
    return "".join(_problem_row(pk, code, facts) for pk in batch.id[rows].tolist())


def _problem_row(session_id: int, code: str, facts: Mapping[str, Any]) -> str:
    state, told = SessionPrice.State.PROBLEM.value, _copied(json.dumps(facts))
    return f"{session_id}\t\\N\t{state}\t{code}\t{told}\t\t0\t0\t[]\t0\n"


def _copied(document: str) -> str:
    """JSON as a column of COPY text; a backslash begins an escape there."""
    return document.replace("\\", "\\\\")
