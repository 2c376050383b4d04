"""The base of every Celery task that works for one operator."""

from typing import Any

from celery import Task

from tenants.actor import acting
from tenants.models import Operator
from tenants.scoping import tenant_scope


class _ForOperator(Task):  # type: ignore[type-arg]
    """Work for one operator rests while it is suspended, and for good once it is closed.

    The row that stands for the work stays, so a sweep finds it when the operator is resumed.
    """

    abstract = True
    # Whether there is nothing to do while the operator may not work. False for what must go on all the same.
    rests_with_operator = True

    def _rests(self, operator_id: int) -> bool:
        active = Operator.objects.filter(pk=operator_id, state=Operator.State.ACTIVE)
        return self.rests_with_operator and not active.exists()


class OperatorTask(_ForOperator):
    """Run inside the scope of the operator named by the keyword argument `operator_id`.

    A call without it fails before any work is done. The scope is a transaction: a task that raises
    leaves nothing half written. Work that must commit in steps opens its scopes itself and derives
    from `SteppedTask`.
    """

    abstract = True

    def __call__(self, *args: Any, operator_id: int, **kwargs: Any) -> Any:
        if self._rests(operator_id):
            return None
        with acting(task=self.name, request_id=str(self.request.id or "")), tenant_scope(operator_id):
            return super().__call__(*args, operator_id=operator_id, **kwargs)


class SteppedTask(_ForOperator):
    """A task for one operator whose services open a scope, and thus a transaction, for each step."""

    abstract = True

    def __call__(self, *args: Any, operator_id: int, **kwargs: Any) -> Any:
        if self._rests(operator_id):
            return None
        with acting(task=self.name, request_id=str(self.request.id or "")):
            return super().__call__(*args, operator_id=operator_id, **kwargs)
