"""Billing work in the background. Tasks fetch, call a service and fan out; they hold no logic.

Each is safe to run twice or to be killed. The sweeps (`portal.celery` has their timetable) go through
the operators one by one, each in a scope of its own, and pick up rows whose message was lost.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from celery import current_app, shared_task
from django.db import OperationalError
from django.utils import timezone

from billing.models import InvoiceRun
from billing.selectors import exports as export_rows
from billing.services import day_sums, documents, exports, rating, runs
from tenants.models import Operator
from tenants.scoping import tenant_scope
from tenants.tasks_base import OperatorTask, SteppedTask

RATE_AT_ONCE = 20_000
RENDER_AT_ONCE = 20
RENDER_FOR = timedelta(seconds=50)
COUNT_FOR = timedelta(seconds=50)


def send(task: str, **arguments: Any) -> None:
    """Send a message, without waiting for a broker that is away: the sweeps find the row."""
    current_app.send_task(task, kwargs=arguments, retry=False)


def _for_each_operator(work: Callable[[int], None]) -> None:
    for operator_id in Operator.objects.filter(state=Operator.State.ACTIVE).values_list("pk", flat=True):
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
    for each in Operator.objects.filter(state=Operator.State.ACTIVE).values_list("pk", flat=True):
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


@shared_task(base=OperatorTask)
def bill_run(*, operator_id: int, run_id: int) -> None:
    """Send a run's chunks to the workers."""
    _send_chunks(operator_id, run_id=run_id)


@shared_task
def resume_runs() -> None:
    """Send again the chunks nobody works on, and close runs whose last chunk forgot to."""
    _for_each_operator(_resume_runs)


def _resume_runs(operator_id: int) -> None:
    _send_chunks(operator_id)
    runs.stalled(at=timezone.now())


def _send_chunks(operator_id: int, *, run_id: int | None = None) -> None:
    for chunk in runs.unfinished(at=timezone.now(), run_id=run_id):
        send("billing.tasks.bill_chunk", operator_id=operator_id, run_id=chunk.run_id, chunk_id=chunk.pk)


@shared_task(base=SteppedTask)
def make_export(*, operator_id: int, export_id: int) -> None:
    """Make the file of one download. A second message meanwhile does nothing."""
    exports.make(operator_id=operator_id, export_id=export_id)


@shared_task
def resume_exports() -> None:
    """Send again the downloads nobody works on."""
    _for_each_operator(_resume_exports)


def _resume_exports(operator_id: int) -> None:
    for export in export_rows.unfinished(at=timezone.now()):
        send("billing.tasks.make_export", operator_id=operator_id, export_id=export.pk)


@shared_task(base=SteppedTask)
def render_documents(*, operator_id: int) -> None:
    """Render what one operator has issued, for a minute; the sweep goes on with the rest."""
    until = timezone.now() + RENDER_FOR
    done = RENDER_AT_ONCE
    while done >= RENDER_AT_ONCE and timezone.now() < until:
        with tenant_scope(operator_id):
            done = documents.render_waiting(limit=RENDER_AT_ONCE)


@shared_task
def render_waiting_documents() -> None:
    """From the timetable: render at every operator."""
    for operator_id in Operator.objects.filter(state=Operator.State.ACTIVE).values_list("pk", flat=True):
        render_documents.delay(operator_id=operator_id)


@shared_task(base=SteppedTask, queue="bulk")
def count_stale_days(*, operator_id: int) -> None:
    """Count the days and months anew whose sums are no longer true, some at a time, for a minute; the sweep goes on."""
    until, done = timezone.now() + COUNT_FOR, 1
    while done and timezone.now() < until:
        with tenant_scope(operator_id):
            done = day_sums.refresh_months() + day_sums.refresh()


@shared_task
def count_days() -> None:
    """From the timetable: count stale days at every operator."""
    for operator_id in Operator.objects.filter(state=Operator.State.ACTIVE).values_list("pk", flat=True):
        count_stale_days.delay(operator_id=operator_id)
