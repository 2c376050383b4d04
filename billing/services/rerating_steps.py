"""Working a re-rating off in the background: one invoice, then the next, each in a transaction of its own.

Stepped: what one step did is kept whatever becomes of the next, and whoever takes over goes on where it stopped.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from billing.models import RerateItem, Rerating
from billing.services import rerating as services
from tenants import work
from tenants.scoping import tenant_scope

Clock = Callable[[], datetime]


class Step(Protocol):
    """What is done with one item."""

    def __call__(self, item_id: int, /, *, at: datetime) -> None:
        """Do it, at this time."""


Stage, State = Rerating.Stage, RerateItem.State
#: After so many items it is noted how far it is.
KEPT_EVERY = 20


def do(operator_id: int, row: Rerating, *, clock: Clock) -> None:
    """Work out what is asked for, or carry out what was decided."""
    if row.stage == Stage.PREVIEW:
        with tenant_scope(operator_id):
            work.keep(row, at=clock(), total=services.plan(row))
        _each(operator_id, row, State.PLANNED, services.work_out, clock=clock)
        with tenant_scope(operator_id):
            work.finish(row, stage=Stage.READY)
    elif row.stage == Stage.CARRIED_OUT:
        _each(operator_id, row, State.CHANGES, services.carry_out, clock=clock)
        with tenant_scope(operator_id):
            services.finish(row, at=clock())


def _each(operator_id: int, row: Rerating, state: str, step: Step, *, clock: Clock) -> None:
    """Do every item in this state, the oldest first."""
    last = 0
    while True:
        with tenant_scope(operator_id):
            items = row.items.filter(state=state, pk__gt=last).order_by("pk")
            found = list(items.values_list("pk", flat=True)[:KEPT_EVERY])
        if not found:
            return
        for item in found:
            _one(operator_id, item, step, clock=clock)
        last = found[-1]
        with tenant_scope(operator_id):
            work.keep(row, at=clock(), done=row.total - row.items.filter(state=state).count())


def _one(operator_id: int, item: int, step: Step, *, clock: Clock) -> None:
    """Do one item. What cannot be done, whoever tries, is left out and stops no other."""
    try:
        with tenant_scope(operator_id):
            step(item, at=clock())
    except Exception as error:
        if work.is_of_the_machine(error):
            raise
        work.report(f"Item {item} of a re-rating cannot be done", error)
        with tenant_scope(operator_id):
            services.leave_out(item)
