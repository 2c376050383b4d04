"""Sessions that wait for a person: approved, so that they are billed, or written off for good."""

from collections.abc import Sequence

from django.db import transaction

from charging.domain.errors import Code, NothingToReview
from charging.events import Event
from charging.models import ChargingSession
from tenants.log.audit import record

Review = ChargingSession.Review


def approve(sessions: Sequence[ChargingSession], *, reason: str) -> int:
    """Let the sessions be priced and billed. Returns how many they are.

    Raises:
        NothingToReview: one of them does not wait for a decision (any more); then none is changed.
    """
    return _decide(sessions, Review.APPROVED, reason)


def write_off(sessions: Sequence[ChargingSession], *, reason: str) -> int:
    """Charge nobody for the sessions. Returns how many they are.

    Raises:
        NothingToReview: one of them does not wait for a decision (any more); then none is changed.
    """
    return _decide(sessions, Review.WRITTEN_OFF, reason)


@transaction.atomic
def _decide(sessions: Sequence[ChargingSession], decision: str, reason: str) -> int:
    waiting = ChargingSession.objects.filter(pk__in=[session.pk for session in sessions], review=Review.PENDING)
    locked = list(waiting.select_for_update().only("pk", "external_id").order_by("pk"))
    gone = len(sessions) - len(locked)
    if gone:
        raise NothingToReview(Code.NOT_WAITING_FOR_REVIEW, count=gone)
    ChargingSession.objects.filter(pk__in=[session.pk for session in locked]).update(
        review=decision, review_note=reason[:300]
    )
    for session in locked:
        record(Event(f"session.{decision}"), about=session, reason=reason)
    return len(locked)
