"""What the timetable asks of this floor. Its background work is entered in `charging.kinds`."""

from celery import shared_task
from django.utils import timezone

from charging.services import station_messages
from tenants.scoping import tenant_scope
from tenants.work import each_operator


@shared_task
def forget_messages() -> None:
    """Remove what stations said long ago."""

    def forget(operator_id: int) -> None:
        done = 1
        while done:
            with tenant_scope(operator_id):
                done = station_messages.forget(at=timezone.now())

    each_operator(forget, active=False)
