"""Visits of platform staff: begun with a reason, for a limited time, and told to the operator in its own log.

Beginning one is a right of the platform's database role. Ending one, and giving or taking back the leave to
change something, are also rights of the operator's own people.
"""

from datetime import datetime, timedelta

import redis
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from tenants.actor import acting_more
from tenants.errors import Code, Refused
from tenants.log import audit
from tenants.log.events import Event
from tenants.marks import mark
from tenants.models import Operator, PlatformVisit, User
from tenants.permissions import Access
from tenants.scoping import tenant_scope
from tenants.selectors import platform, visits

LONGEST = timedelta(hours=4)
SHORTEST_REASON = 10


def begin(
    operator: Operator, *, by: User, reason: str, lasting: timedelta, may_change: bool, at: datetime
) -> PlatformVisit:
    """Begin a visit. It is read-only unless `may_change` is asked for and an owner's leave holds.

    A visit of the same person that is still open ends with it: there is one reason at a time.

    Raises:
        Refused: no reason worth the name, too long a time, a closed operator, no leave, or no member.
    """
    reason = " ".join(reason.split())
    if len(reason) < SHORTEST_REASON:
        raise Refused(Code.REASON_TOO_SHORT, n=SHORTEST_REASON)
    if not timedelta(0) < lasting <= LONGEST:
        raise Refused(Code.VISIT_TOO_LONG)
    if not platform.is_member(by):
        raise Refused(Code.NOT_OF_THE_PLATFORM)
    with tenant_scope(operator.pk):
        row = Operator.objects.select_for_update().get(pk=operator.pk)
        if row.state == Operator.State.CLOSED:
            raise Refused(Code.OPERATOR_CLOSED, operator=row.name)
        if may_change and not visits.may_be_changed(row, at=at):
            raise Refused(Code.CHANGES_NOT_ALLOWED, operator=row.name)
        for earlier in visits.running(at=at).filter(user=by, operator=row):
            end(earlier, at=at)
        visit = PlatformVisit.objects.create(
            operator=row, user=by, reason=reason[:300], may_change=may_change, began_at=at, ends_at=at + lasting
        )
        audit.record(
            Event.PLATFORM_VISIT_BEGAN, reason=visit.reason, until=visit.ends_at.isoformat(), may_change=may_change
        )
    return visit


def end(visit: PlatformVisit, *, at: datetime) -> None:
    """End the visit now. One that is over stays as it ended."""
    with tenant_scope(visit.operator_id):
        ended = PlatformVisit.objects.filter(pk=visit.pk, ended_at=None, ends_at__gt=at).update(ended_at=at)
        if ended:
            audit.record(Event.PLATFORM_VISIT_ENDED)


def end_all(operator: Operator, *, at: datetime) -> None:
    """End every running visit of the operator."""
    for visit in PlatformVisit.objects.filter(operator=operator, ended_at=None, ends_at__gt=at):
        end(visit, at=at)


def page_opened(access: Access, *, page: str, changes: bool, again: str = "") -> None:
    """Record that a visitor opened a page, by its name; nothing for everybody else.

    `again` is the address of a page that says it asks for itself: such a request is recorded once in a visit for each
    address, so that a poll does not fill the log, and saying so hides nothing.
    In a scope of its own and before the page runs: what was opened stays in the log when the page fails.
    """
    if access.visit is None or (again and _is_known(f"{access.visit.public_id}:{again}")):
        return
    with acting_more(is_platform=True):
        audit.record_at(access.operator.pk, Event.PLATFORM_PAGE_OPENED, page=page, sent=changes)


def _is_known(what: str) -> bool:
    """Tell whether this was asked before. While nothing can be kept, nothing is known."""
    key = mark(what, purpose="visits")
    try:
        return not cache.add(f"visits:{key}", 1, timeout=int(LONGEST.total_seconds()))
    except (redis.RedisError, OSError):
        return False


@transaction.atomic
def allow_changes(operator: Operator, *, lasting: timedelta) -> datetime:
    """Let visiting platform staff change something here for so long; return until when."""
    until = timezone.now() + lasting
    _set_leave(operator, until)
    audit.record(Event.PLATFORM_CHANGES_ALLOWED, until=until.isoformat())
    return until


@transaction.atomic
def take_back_leave(operator: Operator) -> None:
    """Let visiting platform staff only look again, from the next page on."""
    _set_leave(operator, None)
    audit.record(Event.PLATFORM_CHANGES_FORBIDDEN)


def _set_leave(operator: Operator, until: datetime | None) -> None:
    row = Operator.objects.select_for_update().get(pk=operator.pk)
    row.platform_may_change_until = until
    row.save(update_fields=["platform_may_change_until"])
