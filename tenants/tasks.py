"""Background work about operators and people. Tasks fetch, call a service and fan out; they hold no logic."""

import logging
from collections.abc import Callable
from datetime import timedelta

from celery import current_app, shared_task
from django.db import transaction  # noqa: TID251  # a message is sent once its row is kept
from django.db.models import Q
from django.utils import timezone

from tenants.actor import acting
from tenants.log import seals
from tenants.models import AuditCheck, Operator
from tenants.scoping import tenant_scope
from tenants.services import four_eyes
from tenants.services.proof import browser_sessions, factor_resets, password_resets
from tenants.tasks_base import SteppedTask

log = logging.getLogger(__name__)

#: A check whose worker died is begun again after this long.
CHECK_IS_LOST = timedelta(minutes=30)


def _one_by_one(work: Callable[[int], None]) -> None:
    """Do the work for each operator, also a closed one; what fails at one is logged and stops no other."""
    for operator_id in Operator.objects.order_by("pk").values_list("pk", flat=True):
        try:
            work(operator_id)
        except Exception:
            log.exception("%s failed at operator %s.", getattr(work, "__name__", "work"), operator_id)


@shared_task
def seal_audit_logs() -> None:
    """Seal what was added to each operator's log."""

    def seal(operator_id: int) -> None:
        seals.seal_all(operator_id, at=timezone.now())

    _one_by_one(seal)


@shared_task(base=SteppedTask, rests_with_operator=False)
def check_audit_log(*, operator_id: int) -> None:
    """Carry out the check that somebody asked for, unless another worker is at it."""
    with tenant_scope(operator_id):
        now = timezone.now()
        check = (
            AuditCheck.objects.select_for_update(skip_locked=True)
            .filter(
                Q(state=AuditCheck.State.WAITING)
                | Q(state=AuditCheck.State.RUNNING, started_at__lt=now - CHECK_IS_LOST)
            )
            .first()
        )
        if check is None:
            return
        check.state, check.started_at = AuditCheck.State.RUNNING, now
        check.save()
    with tenant_scope(operator_id):
        seals.run_check(check, at=timezone.now())


def hurry_check(*, operator_id: int) -> None:
    """Have the check done soon, once it is kept. A message that is lost is sent again by the timetable."""
    transaction.on_commit(lambda: _send_check(operator_id), robust=True)


def _send_check(operator_id: int) -> None:
    current_app.send_task("tenants.tasks.check_audit_log", kwargs={"operator_id": operator_id}, retry=False)


@shared_task
def resume_audit_checks() -> None:
    """Begin checks whose message was lost."""

    def resume(operator_id: int) -> None:
        with tenant_scope(operator_id):
            is_waiting = AuditCheck.objects.filter(finished_at=None).exists()
        if is_waiting:
            _send_check(operator_id)

    _one_by_one(resume)


@shared_task
def mail_password_link(*, email: str, address: str) -> None:
    """Send a link for a new password, if somebody has this e-mail.

    Asked for whatever was typed, known or not, so that the page takes the same time for both. There is no row
    behind it: a lost message means a lost letter, and the person asks again.
    """
    with acting(task="tenants.tasks.mail_password_link"):
        password_resets.mail(email=email, address=address)


@shared_task
def sweep_sign_ins() -> None:
    """Clear away the sessions of browsers whose time was over a day ago."""
    browser_sessions.sweep(at=timezone.now())


@shared_task
def expire_approvals() -> None:
    """End what has waited too long for a second person."""

    def expire(operator_id: int) -> None:
        with acting(task="tenants.tasks.expire_approvals"), tenant_scope(operator_id):
            four_eyes.expire(at=timezone.now())

    _one_by_one(expire)


@shared_task
def reset_lost_factors() -> None:
    """Carry out the resets of second factors that nobody stopped in time. Safe to run twice."""
    with acting(task="tenants.tasks.reset_lost_factors"):
        for reset_id in factor_resets.due(timezone.now()):
            factor_resets.carry_out(reset_id, at=timezone.now())
