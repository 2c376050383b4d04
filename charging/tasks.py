"""Charging work that runs in the background. Tasks only name rows and call services."""

from collections.abc import Callable
from datetime import datetime

from celery import shared_task
from django.db import OperationalError, transaction  # noqa: TID251  # only to send a message after the commit
from django.utils import timezone

from charging.models import FileImport, ImportLook
from charging.services import imports, looks
from tenants.models import Operator
from tenants.scoping import tenant_scope
from tenants.tasks_base import SteppedTask


def _now() -> datetime:
    return timezone.now()


@shared_task(base=SteppedTask, acks_late=True, autoretry_for=(OperationalError,), retry_backoff=True)
def run_import(*, operator_id: int, import_id: int) -> None:
    """Import a queued file. Safe to run twice or to be killed: see `services.imports.run`."""
    imports.run(operator_id=operator_id, import_id=import_id, clock=_now)


def take_look(operator_id: int, look: ImportLook, /, *, clock: Callable[[], datetime]) -> None:
    """Look at an uploaded file, and hurry its import along if the look started it."""
    queued = looks.carry_out(operator_id, look, clock=clock)
    if queued:
        hurry_import(queued)


def hurry_import(row: FileImport) -> None:
    """Send the message for a queued import once its row is committed. A lost message is found by `resume_imports`."""
    operator_id, import_id = row.operator_id, row.pk
    transaction.on_commit(lambda: run_import.delay(operator_id=operator_id, import_id=import_id))


@shared_task
def resume_imports() -> None:
    """Pick up imports whose message was lost or whose worker died."""
    for operator_id in Operator.objects.filter(state=Operator.State.ACTIVE).values_list("pk", flat=True):
        with tenant_scope(operator_id):
            stalled = imports.waiting(at=timezone.now())
        for import_id in stalled:
            run_import.delay(operator_id=operator_id, import_id=import_id)
