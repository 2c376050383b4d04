"""What the timetable asks of this floor. Its background work is entered in `charging.kinds`."""

from celery import shared_task
from django.utils import timezone

from charging.services import late_charges
from tenants.scoping import tenant_scope
from tenants.tasks_base import SteppedTask
from tenants.work import each_operator


@shared_task(base=SteppedTask, queue="bulk")
def tell_of_late_charges(*, operator_id: int) -> None:
    """Write to the drivers whose charges stations have told of late."""
    with tenant_scope(operator_id):
        late_charges.tell(at=timezone.now())


@shared_task
def tell_late() -> None:
    """From the timetable: at every operator."""
    each_operator(lambda operator_id: tell_of_late_charges.delay(operator_id=operator_id))
