"""A run survives what happens to machines: a worker is killed, Redis forgets, somebody starts it twice.

Real Celery workers in processes of their own, against the test database and a Redis of their own. To
catch a worker in the middle of a chunk, the test holds a lock that the chunk needs after it has already
written its invoices and lines.
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connections
from django.db.models import Count

from billing.models import BilledSession, Invoice, InvoiceLine, InvoiceRun, Pricing, RunChunk, SessionPrice, Tariff
from billing.selectors import reconciliation
from billing.selectors.terms import PriceBook
from billing.services import drafting, rating, runs, tariffs
from billing.tests.factories import connector, driver, flat, in_another_stretch, session, tariff
from portal.tests.workers import PATIENCE_S, chunks_held_up, others_at_work, wait_for
from tenants import analyze, work
from tenants.models import AuditEntry, Operator, User
from tenants.scoping import tenant_scope
from tenants.work import Lane

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("our_redis"),
    pytest.mark.slow,
]

DRIVERS, SESSIONS = 12, 3
MARCH = date(2025, 3, 1)


@pytest.fixture
def charged(north: Operator, monkeypatch) -> Operator:
    """A year-old month in which twelve drivers charged three times each; two drivers a chunk."""
    monkeypatch.setattr(runs, "CHUNK_SESSIONS", 2 * SESSIONS)
    with tenant_scope(north.pk):
        tariff()
        at = connector()
        for _ in range(DRIVERS):
            payer = driver()
            for day in range(SESSIONS):
                session(at, payer, start=datetime(2025, 3, 3 + day, 12, tzinfo=UTC))
    return north


def start(operator: Operator, by: User | None = None) -> InvoiceRun:
    with tenant_scope(operator.pk):
        return runs.start(month=MARCH, by=by, at=datetime(2025, 4, 2, tzinfo=UTC))


def count(operator: Operator, model: Any) -> int:
    with tenant_scope(operator.pk):
        return int(model.objects.count())


def is_ready(operator: Operator) -> bool:
    with tenant_scope(operator.pk):
        return InvoiceRun.objects.filter(state=InvoiceRun.State.READY).exists()


def sweep(operator: Operator) -> None:
    """What the timetable does every minute; the lease of the dead is over."""
    with tenant_scope(operator.pk):
        RunChunk.objects.update(leased_until=datetime.now(UTC) - timedelta(seconds=1))
    work.sweep(at=datetime.now(UTC) + timedelta(minutes=1))


def assert_all_billed_once(operator: Operator) -> None:
    with tenant_scope(operator.pk):
        twice = BilledSession.objects.values("session").annotate(times=Count("pk")).filter(times__gt=1)
        assert not twice.exists()
        assert BilledSession.objects.count() == InvoiceLine.objects.count() == DRIVERS * SESSIONS
        assert Invoice.objects.count() == DRIVERS
        run = InvoiceRun.objects.get()
        assert (run.sessions_done, run.sessions_total) == (DRIVERS * SESSIONS, DRIVERS * SESSIONS)
        runs.issue(run, by=None, at=datetime(2025, 4, 2, tzinfo=UTC))
        numbers = Invoice.objects.order_by("number").values_list("number", flat=True)
        assert list(numbers) == list(range(1, DRIVERS + 1))
        assert reconciliation.check().adds_up


def test_a_worker_killed_in_the_middle_of_a_chunk_leaves_nothing_and_another_one_goes_on(charged, worker):
    with chunks_held_up() as caught:
        doomed = worker()
        start(charged)
        wait_for(caught, "a chunk in the middle of its work")
        doomed.kill()
    wait_for(lambda: not others_at_work(), "the database to notice")
    assert count(charged, Invoice) == count(charged, InvoiceLine) == count(charged, BilledSession) == 0
    worker()
    sweep(charged)
    wait_for(lambda: is_ready(charged), "the run")
    assert_all_billed_once(charged)


def test_redis_restarted_during_a_run_delays_it_and_loses_nothing(charged, worker, redis):
    with chunks_held_up() as caught:
        worker()
        start(charged)
        wait_for(caught, "a chunk in the middle of its work")
        redis.kill()  # with it go the messages of all chunks that have not begun
        redis.start()
    wait_for(lambda: count(charged, BilledSession), "the chunk that was at work")
    sweep(charged)
    wait_for(lambda: is_ready(charged), "the run")
    assert_all_billed_once(charged)


def test_a_run_started_twice_at_once_with_every_message_doubled_bills_once(charged, worker):
    worker(), worker()
    found: list[int] = []

    def start_and_double() -> None:
        try:
            run = start(charged)
            found.append(run.pk)
            work.wake(Lane.BULK, times=DRIVERS)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=start_and_double) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2
    assert len(set(found)) == 1
    wait_for(lambda: is_ready(charged), "the run")
    assert_all_billed_once(charged)


def test_two_workers_on_one_chunk_bill_it_once(charged):
    run = start(charged)
    with tenant_scope(charged.pk):
        chunk = run.chunks.order_by("pk")[0].pk
    billed: list[int] = []
    together = threading.Barrier(4)

    def bill() -> None:
        try:
            together.wait()
            with tenant_scope(charged.pk):
                billed.append(runs.bill_chunk(chunk, at=datetime(2025, 4, 2, tzinfo=UTC)))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=bill) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(billed) == [0, 0, 0, 2 * SESSIONS]
    assert count(charged, BilledSession) == 2 * SESSIONS


def at_once(first: Callable[[], Any], then: Callable[[], Any], begun: threading.Event) -> list[BaseException]:
    """Do the second while the first is at work, each on a connection of its own; return what went wrong."""
    failed: list[BaseException] = []

    def safely(act: Callable[[], Any]) -> None:
        try:
            act()
        except BaseException as error:
            failed.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=safely, args=[act]) for act in (first, then)]
    threads[0].start()
    assert begun.wait(PATIENCE_S)
    threads[1].start()
    for thread in threads:
        thread.join()
    return failed


def test_a_run_discarded_while_a_chunk_is_at_work_waits_for_it(charged, monkeypatch):
    run, begun, draft = start(charged), threading.Event(), drafting.draft

    def slowly(*args: Any, **facts: Any) -> drafting.Drafted:
        begun.set()
        time.sleep(1)
        return draft(*args, **facts)

    monkeypatch.setattr(drafting, "draft", slowly)

    def bill() -> None:
        with tenant_scope(charged.pk):
            runs.bill_chunk(run.chunks.order_by("pk")[0].pk, at=datetime(2025, 4, 2, tzinfo=UTC))

    def discard() -> None:
        with tenant_scope(charged.pk):
            runs.discard(run, by=None)

    assert at_once(bill, discard, begun) == []
    assert count(charged, InvoiceRun) == count(charged, BilledSession) == count(charged, Invoice) == 0
    discard()  # a second click finds nothing and is no error


def test_two_workers_price_each_session_once(charged, monkeypatch):
    monkeypatch.setattr(rating, "BATCH", 2)
    both = threading.Barrier(2, timeout=PATIENCE_S)
    with tenant_scope(charged.pk):
        at, payer = connector(), driver()
        for day in range(12):
            in_another_stretch()
            session(at, payer, start=datetime(2025, 4, 3 + day, 12, tzinfo=UTC))
        rating.ask()
    kind, told = work.kind_named("pricing"), threading.Event()
    told.set()

    def price() -> None:
        both.wait()
        while work.do_next(kind, charged.pk, clock=lambda: datetime.now(UTC)):
            pass

    assert at_once(price, price, told) == []
    with tenant_scope(charged.pk):
        assert SessionPrice.objects.filter(state=SessionPrice.State.PRICED).count() == DRIVERS * SESSIONS + 12
        assert set(Pricing.objects.values_list("state", "attempts")) == {(Pricing.State.DONE, 1)}


def test_who_prices_a_share_waits_for_nobody_who_prices_another(charged, monkeypatch):
    assert "1000 + n_live_tup / 2" in analyze._CHANGED
    monkeypatch.setattr(analyze, "_CHANGED", analyze._CHANGED.replace("1000 + n_live_tup / 2", "-1"))  # whenever asked
    with tenant_scope(charged.pk):
        at, payer = connector(), driver()
        for day in range(12):
            in_another_stretch()
            session(at, payer, start=datetime(2025, 4, 3 + day, 12, tzinfo=UTC))
        rating.ask()
    kind, write = work.kind_named("pricing"), rating._write_prices
    inside, others = threading.Event(), threading.Event()
    waited: list[bool] = []

    def held_up(rows: Any) -> int:
        written = write(rows)
        if not inside.is_set():
            inside.set()
            waited.append(others.wait(20))
        return written

    monkeypatch.setattr(rating, "_write_prices", held_up)

    def price() -> None:
        while work.do_next(kind, charged.pk, clock=lambda: datetime.now(UTC)):
            pass

    def price_others() -> None:
        price()
        others.set()

    assert at_once(price, price_others, inside) == []
    assert waited == [True], "the other shares are priced before this one is committed"


def test_a_tariff_published_while_sessions_are_rated_prices_them_all_the_same(charged, monkeypatch):
    begun, choose = threading.Event(), PriceBook.choose

    def slowly(*args: Any) -> Any:
        begun.set()
        time.sleep(1)
        return choose(*args)

    monkeypatch.setattr(PriceBook, "choose", slowly)

    def rate() -> None:
        with tenant_scope(charged.pk):
            rating.rate_beyond()

    def publish() -> None:
        with tenant_scope(charged.pk):
            dearer = tariffs.save_draft(Tariff.objects.get(), document=flat("9.00"))
            tariffs.publish(dearer, valid_from=datetime(2025, 1, 1, tzinfo=UTC), by=None, at=datetime.now(UTC))

    assert at_once(rate, publish, begun) == []
    rate()
    with tenant_scope(charged.pk):
        assert set(SessionPrice.objects.values_list("amount_excl_vat", flat=True)) == {90}


def test_a_tariff_published_while_its_sessions_are_billed_waits_and_leaves_their_prices(charged):
    with tenant_scope(charged.pk):
        rating.rate_beyond()  # so that there are prices to forget
    run = start(charged)
    drafted = threading.Event()

    def bill() -> None:
        try:
            with tenant_scope(charged.pk):
                for chunk in run.chunks.all():
                    runs.bill_chunk(chunk.pk, at=datetime(2025, 4, 2, tzinfo=UTC))
                drafted.set()
                time.sleep(1)
        finally:
            connections.close_all()

    thread = threading.Thread(target=bill)
    thread.start()
    assert drafted.wait(PATIENCE_S)
    with tenant_scope(charged.pk):
        dearer = tariffs.save_draft(Tariff.objects.get(), document=flat("9.00"))
        tariffs.publish(dearer, valid_from=datetime(2025, 1, 1, tzinfo=UTC), by=None, at=datetime.now(UTC))
    thread.join()
    with tenant_scope(charged.pk):
        assert set(SessionPrice.objects.values_list("amount_excl_vat", flat=True)) == {20}
        assert BilledSession.objects.count() == SessionPrice.objects.count() == DRIVERS * SESSIONS


def test_what_a_worker_does_is_logged_on_behalf_of_who_asked(charged, worker, fina):
    start(charged, by=fina)
    worker()
    wait_for(lambda: is_ready(charged), "the run")
    with tenant_scope(charged.pk):
        entry = AuditEntry.objects.get(event="run.drafted")
    assert (entry.actor_id, entry.on_behalf_of) == (None, fina.pk)
    assert entry.task == "run_part"
    assert entry.cid
