"""A station was away and tells of charges of the days before: each is marked once, and its driver told once."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

from charging.domain.reasons import Flag
from charging.letters import Letter
from charging.models import ChargingSession, StationCharge
from charging.selectors import late_charges as selectors
from tenants.models import Driver, Operator
from tenants.services import mail

#: A charge that was over for so long before anything was heard of it came late.
LATE = timedelta(hours=6)
#: So long after the last of them a letter goes out: what comes together is told together.
TOGETHER = timedelta(minutes=10)
_AT_ONCE = 500


def note(ended: Iterable[tuple[ChargingSession, StationCharge]]) -> None:
    """Mark those of which the station told when they had long been over. Marked again, nothing changes.

    Where the station's clock cannot be right nobody knows when the charge was.
    """
    late = [
        charge.number
        for session, charge in ended
        if session.ended_at is not None
        and charge.received_at - session.ended_at > LATE
        and Flag.STATION_CLOCK not in session.flags
    ]
    for charge in StationCharge.objects.filter(number__in=late, late_at=None) if late else ():
        StationCharge.objects.filter(pk=charge.pk).update(late_at=charge.received_at)


@transaction.atomic
def tell(*, at: datetime) -> int:
    """Write to the drivers whose charges came late, one letter each for all that came together; return how many.

    Who has no account, or wants no such letters, finds them on their pages and on the invoice. What was told is marked
    with the letter: a letter that is lost on its way is not sent again.
    """
    waiting = StationCharge.objects.select_for_update(skip_locked=True).filter(late_at__isnull=False, late_told_at=None)
    charges = list(waiting.order_by("pk")[:_AT_ONCE])
    if not charges or max(charge.late_at or at for charge in charges) > at - TOGETHER:
        return 0
    days, operator = defaultdict(set), Operator.objects.get(pk=charges[0].operator_id)
    for session in selectors.sessions_of(charges).select_related("driver__user"):
        if session.driver is not None and session.driver.user is not None and session.driver.mails_late:
            days[session.driver].add(session.started_at.astimezone(session.site.zone).date())
    for driver, on in days.items():
        assert driver.user is not None
        mail.send(driver.user, Letter.CHARGED_LATE, operator=operator, charged_on=sorted(on), history=None)
    StationCharge.objects.filter(pk__in=[charge.pk for charge in charges]).update(late_told_at=at)
    return len(days)


def see(driver: Driver, *, at: datetime) -> None:
    """Note that the driver has seen which of their charges came late."""
    numbers = [int(session.external_id) for session in selectors.unseen(driver, at=at)]
    StationCharge.objects.filter(number__in=numbers).update(late_seen_at=at)
