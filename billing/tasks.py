"""What the timetable asks of this floor. Its background work is entered in `billing.kinds`."""

from celery import shared_task
from django.utils import timezone

from billing.services import day_sums, export_timetables
from tenants import work
from tenants.scoping import tenant_scope
from tenants.tasks_base import SteppedTask
from tenants.work import each_operator


@shared_task(base=SteppedTask, queue="bulk")
def count_stale_days(*, operator_id: int) -> None:
    """Count days and months anew whose sums are no longer true, for the length of a turn; the timetable goes on."""
    until, done = timezone.now() + work.STRETCH, 1
    while done and timezone.now() < until:
        with tenant_scope(operator_id):
            done = day_sums.refresh_months() + day_sums.refresh()


@shared_task
def count_days() -> None:
    """From the timetable: count stale days at every operator."""
    each_operator(lambda operator_id: count_stale_days.delay(operator_id=operator_id))


@shared_task(base=SteppedTask, queue="bulk")
def ask_files_due(*, operator_id: int) -> None:
    """Ask for the files of the operator's timetables that are due."""
    with tenant_scope(operator_id):
        export_timetables.ask_due(at=timezone.now())


@shared_task
def ask_timetables() -> None:
    """From the timetable: ask for what is due at every operator."""
    each_operator(lambda operator_id: ask_files_due.delay(operator_id=operator_id))
