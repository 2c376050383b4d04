"""The base of every Celery task that works for one operator."""

from typing import Any

from celery import Task

from tenants.actor import acting
from tenants.scoping import tenant_scope


class OperatorTask(Task):  # type: ignore[type-arg]
    """Run inside the scope of the operator named by the keyword argument `operator_id`.

    A call without it fails before any work is done. The scope is a transaction: a task that raises
    leaves nothing half written. Work that must commit in steps opens its scopes itself and derives
    from `SteppedTask`.
    """

    abstract = True

    def __call__(self, *args: Any, operator_id: int, **kwargs: Any) -> Any:
        with acting(task=self.name, request_id=str(self.request.id or "")), tenant_scope(operator_id):
            return super().__call__(*args, operator_id=operator_id, **kwargs)


class SteppedTask(Task):  # type: ignore[type-arg]
    """A task for one operator whose services open a scope, and thus a transaction, for each step."""

    abstract = True

    def __call__(self, *args: Any, operator_id: int, **kwargs: Any) -> Any:
        with acting(task=self.name, request_id=str(self.request.id or "")):
            return super().__call__(*args, operator_id=operator_id, **kwargs)
