"""A real worker between operators: what one operator's task did, or died of, is nothing to the next one's."""

from datetime import UTC, datetime
from typing import Any

import pytest

from billing.models import InvoiceRun, RunChunk, SessionPrice
from billing.services import rating
from billing.tests.factories import connector, driver, session, tariff
from portal.celery import app
from portal.tests.examples import example
from portal.tests.workers import TURN, Redis, Worker, wait_for
from tenants import work
from tenants.models import Turn
from tenants.scoping import tenant_scope

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def one_process(redis: Redis):
    """A worker whose single process, and single connection, does one operator's task after another's."""
    worker = Worker(redis, processes=1)
    yield worker
    worker.kill()


def charge(operator: Any) -> None:
    """One session that waits for its price."""
    with tenant_scope(operator.pk):
        tariff()
        session(connector(), driver(), start=datetime(2025, 3, 3, 12, tzinfo=UTC))


def priced(operator: Any) -> int:
    with tenant_scope(operator.pk):
        return SessionPrice.objects.filter(state=SessionPrice.State.PRICED).count()


def queue_a_crash(operator: Any) -> RunChunk:
    """A part of a run that dies in the operator's scope: its sum does not fit into the column."""
    with tenant_scope(operator.pk):
        part: RunChunk = example(RunChunk, first_account_id=1, last_account_id=1, sessions=2**63 - 1, error="")
        InvoiceRun.objects.update(sessions_done=1)
        work.enqueue(part)
        return part


def test_work_that_crashed_leaves_nothing_to_the_next_operator_s(north, south, redis, one_process, monkeypatch):
    monkeypatch.setattr(work, "_senders", [])
    for operator in (north, south):
        charge(operator)
    Turn.objects.all().delete()  # nobody has asked for anything yet
    part = queue_a_crash(south)
    with tenant_scope(north.pk):
        rating.ask()
    with app.connection_for_write(f"redis+socket://{redis.socket}?virtual_host=0") as broker:

        def send(**facts: Any) -> None:
            app.send_task(TURN, kwargs=facts, queue="bulk", connection=broker, retry=True)

        # A lane that is none, an operator that no message names, none at all: each fails before any work.
        send(lane="nobody's")
        send(lane="bulk", operator_id=south.pk)
        send()
        for _ in range(2):
            send(lane="bulk")
        wait_for(lambda: priced(north) == 1, "north's price")
    with tenant_scope(south.pk):
        part.refresh_from_db()
    assert (part.state, part.error, part.attempts) == (RunChunk.State.WAITING, "unexpected", 1)
    assert priced(south) == 0, "nobody asked for south's"
    with tenant_scope(south.pk):
        assert rating.rate_beyond(limit=10)[0] == 1
