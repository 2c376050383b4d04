"""Billing work in the background. Tasks fetch, call a service and fan out; they hold no logic.

Each is safe to run twice or to be killed. The sweeps (`portal.celery` has their timetable) go through
the operators one by one, each in a scope of its own, and pick up rows whose message was lost.
"""

from collections.abc import Callable
from typing import Any

from celery import current_app, shared_task
from django.db import OperationalError
from django.utils import timezone

from billing.models import InvoiceRun
from billing.services import rating, runs
from tenants.models import Operator
from tenants.scoping import tenant_scope
from tenants.tasks_base import SteppedTask

RATE_AT_ONCE = 20_000


def send(task: str, **arguments: Any) -> None:
    """Send a message, without waiting for a broker that is away: the sweeps find the row."""
    current_app.send_task(task, kwargs=arguments, retry=False)


def _for_each_operator(work: Callable[[int], None]) -> None:
    for operator_id in Operator.objects.filter(is_active=True).values_list("pk", flat=True):
        with tenant_scope(operator_id):
            work(operator_id)


@shared_task(base=SteppedTask)
def rate_operator(*, operator_id: int) -> None:
    """Rate all that waits at one operator, a batch a transaction."""
    done = RATE_AT_ONCE
    while done >= RATE_AT_ONCE:
        with tenant_scope(operator_id):
            done = rating.rate_waiting(limit=RATE_AT_ONCE)


@shared_task
def rate_waiting_sessions(*, operator_id: int | None = None) -> None:
    """Rate what waits: at the operator, or (from the timetable) at every one."""
    if operator_id is not None:
        rate_operator.run(operator_id=operator_id)
        return
    for each in Operator.objects.filter(is_active=True).values_list("pk", flat=True):
        rate_operator.delay(operator_id=each)


@shared_task(base=SteppedTask, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def bill_chunk(*, operator_id: int, run_id: int, chunk_id: int) -> None:
    """Draft the invoices of one chunk of a run, and close the run if it was the last."""
    with tenant_scope(operator_id):
        runs.claim(chunk_id, at=timezone.now())
    try:
        with tenant_scope(operator_id):
            runs.bill_chunk(chunk_id, at=timezone.now())
    except Exception as error:
        with tenant_scope(operator_id):
            runs.note_failure(chunk_id, error=f"{type(error).__name__}: {error}")
        raise
    with tenant_scope(operator_id):
        runs.close_if_done(InvoiceRun.objects.get(pk=run_id), at=timezone.now())


@shared_task
def resume_runs() -> None:
    """Send again the chunks nobody works on, and close runs whose last chunk forgot to."""
    _for_each_operator(_resume_runs)


def _resume_runs(operator_id: int) -> None:
    for chunk in runs.unfinished(at=timezone.now()):
        send("billing.tasks.bill_chunk", operator_id=operator_id, run_id=chunk.run_id, chunk_id=chunk.pk)
    runs.stalled(at=timezone.now())
