"""Background work about operators and people. Tasks fetch, call a service and fan out; they hold no logic."""

from typing import Any

from celery import current_app, shared_task
from django.utils import timezone

from tenants import work
from tenants.actor import acting
from tenants.log import sealing
from tenants.privacy import evidence, packages
from tenants.scoping import tenant_scope
from tenants.services import four_eyes
from tenants.services.proof import browser_sessions, factor_resets, password_letters
from tenants.work import Lane, each_operator


@shared_task(bind=True)
def take_turn(self: Any, *, lane: str) -> None:
    """Do some of the work of a lane, of the operator whose turn it is."""
    work.take_turn(Lane(lane), clock=timezone.now, request_id=str(self.request.id or ""))


@shared_task
def sweep_work() -> None:
    """Find work that nobody hurries."""
    work.sweep(at=timezone.now())


def send_to(lane: Lane) -> None:
    """Wake a worker of the lane, without waiting for a broker that is away."""
    current_app.send_task("tenants.tasks.take_turn", kwargs={"lane": lane.value}, queue=lane.value, retry=False)


@shared_task
def seal_audit_logs() -> None:
    """Seal what was added to each operator's log."""

    def seal(operator_id: int) -> None:
        sealing.seal_all(operator_id, at=timezone.now())

    each_operator(seal, active=False)


@shared_task
def sweep_sign_ins() -> None:
    """Clear away the sessions of browsers whose time was over a day ago, and letters that could not be sent."""
    browser_sessions.sweep(at=timezone.now())
    password_letters.forget(at=timezone.now())


@shared_task
def remove_old_copies() -> None:
    """Remove the copies of people's data, and files of evidence, whose time is over."""

    def remove(operator_id: int) -> None:
        with tenant_scope(operator_id):
            packages.remove_old(at=timezone.now())
            evidence.remove_old(at=timezone.now())

    each_operator(remove, active=False)


@shared_task
def expire_approvals() -> None:
    """End what has waited too long for a second person."""

    def expire(operator_id: int) -> None:
        with acting(task="tenants.tasks.expire_approvals"), tenant_scope(operator_id):
            four_eyes.expire(at=timezone.now())

    each_operator(expire, active=False)


@shared_task
def reset_lost_factors() -> None:
    """Carry out the resets of second factors that nobody stopped in time. Safe to run twice."""
    with acting(task="tenants.tasks.reset_lost_factors"):
        for reset_id in factor_resets.due(timezone.now()):
            factor_resets.carry_out(reset_id, at=timezone.now())
