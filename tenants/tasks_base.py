"""The base of every Celery task that works for one operator."""

from typing import Any

from celery import Task

from tenants.actor import acting
from tenants.models import Operator


class SteppedTask(Task):  # type: ignore[type-arg]
    """A task for one operator whose services open a scope, and thus a transaction, for each step.

    It rests while the operator is suspended, and for good once it is closed. The row that stands for the work stays, so
    a sweep finds it when the operator is resumed. A call without `operator_id` fails before any work is done.
    """

    abstract = True
    # Whether there is nothing to do while the operator may not work. False for what must go on all the same.
    rests_with_operator = True

    def _rests(self, operator_id: int) -> bool:
        active = Operator.objects.filter(pk=operator_id, state=Operator.State.ACTIVE)
        return self.rests_with_operator and not active.exists()

    def __call__(self, *args: Any, operator_id: int, **kwargs: Any) -> Any:
        if self._rests(operator_id):
            return None
        with acting(task=self.name, request_id=str(self.request.id or "")):
            return super().__call__(*args, operator_id=operator_id, **kwargs)
