"""A real worker between operators: what one operator's task did, or died of, is nothing to the next one's."""

from datetime import UTC, datetime
from typing import Any

import pytest

from billing.models import SessionPrice
from billing.services import rating
from billing.tests.factories import connector, driver, session, tariff
from portal.celery import app
from portal.tests.test_run_survives import (  # noqa: F401  # fixtures
    Redis,
    Worker,
    redis,
    wait_for,
)
from tenants.scoping import tenant_scope

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def one_process(redis: Redis):  # noqa: F811
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


def test_a_task_that_crashed_leaves_nothing_to_the_next_operator_s(north, south, redis, one_process):  # noqa: F811
    for operator in (north, south):
        charge(operator)
    with app.connection_for_write(f"redis+socket://{redis.socket}?virtual_host=0") as broker:

        def send(task: str, **arguments: Any) -> None:
            app.send_task(task, kwargs=arguments, connection=broker, retry=True)

        # In south's scope three times: a row that is not there, an argument that is none, a session of north's.
        send("billing.tasks.bill_chunk", operator_id=south.pk, run_id=999_999, chunk_id=999_999)
        send("charging.tasks.run_import", operator_id=south.pk, import_id=999_999)
        send("charging.tasks.run_import", operator_id=south.pk, import_id="x")
        send("charging.tasks.run_import", import_id=1)  # no operator: fails before any work
        send("billing.tasks.rate_operator", operator_id=north.pk)
        wait_for(lambda: priced(north) == 1, "north's price")
    assert priced(south) == 0, "nobody asked for south's"
    with tenant_scope(south.pk):
        assert rating.rate_waiting(limit=10) == 1
