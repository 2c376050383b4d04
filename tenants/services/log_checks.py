"""Checks of the whole chain of seals: asked for by a person, done in the background."""

from collections.abc import Callable
from datetime import datetime, timedelta

from tenants import work
from tenants.log import checking
from tenants.models import AuditCheck
from tenants.scoping import tenant_scope

#: A check reads the whole log, so one that found nothing is repeated after this time at the earliest.
CHECK_EVERY = timedelta(minutes=10)


class CheckedLately(Exception):
    """The whole chain was checked a moment ago; `again_at` says when it may be once more."""

    def __init__(self, again_at: datetime) -> None:
        super().__init__(f"The chain was checked lately; again from {again_at:%H:%M}.")
        self.again_at = again_at


def ask(*, by_id: int | None, at: datetime) -> AuditCheck:
    """Note that somebody wants the chain checked; a check that waits already serves for both.

    Raises:
        CheckedLately: another check would say the same: the last one found nothing, and was asked for just now.
    """
    last = AuditCheck.objects.order_by("-requested_at", "-pk").first()
    if last is not None and last.is_open:
        return last
    if last is not None and last.state == AuditCheck.State.INTACT and at < last.requested_at + CHECK_EVERY:
        raise CheckedLately(last.requested_at + CHECK_EVERY)
    check = AuditCheck.objects.create(requested_by_id=by_id, requested_at=at, queued_at=at)
    work.enqueue(check)
    return check


def carry_out(operator_id: int, check: AuditCheck, *, clock: Callable[[], datetime]) -> None:
    """Check the chain and keep what was found. Stepped; checking again is harmless."""
    with tenant_scope(operator_id):
        report = checking.check_chain(noted_heads=checking.noted_heads())
        work.finish(
            check,
            state=AuditCheck.State.BROKEN if report.finding else AuditCheck.State.INTACT,
            finished_at=clock(),
            seals=report.seals,
            entries=report.entries,
            unsealed=report.unsealed,
            head=report.head,
            finding=report.finding.as_json() if report.finding else {},
        )
