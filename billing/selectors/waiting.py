"""Sessions that wait: for a price, for a new price, for an invoice."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from billing.models import BilledSession, SessionPrice, TariffAssignment
from charging.models import ChargingSession
from tenants.scoping import current_operator_id

Review = ChargingSession.Review
BILLABLE = (Review.NONE, Review.APPROVED)

# Two ordered index scans, so the first rows come at once. The second part: nobody paid, but now somebody does.
_WAITING = """
(SELECT s.id FROM charging_chargingsession s
 WHERE s.operator_id = %(operator)s AND s.state = 'COMPLETED' AND s.review IN ('', 'approved')
   AND NOT EXISTS (SELECT 1 FROM billing_sessionprice p WHERE p.operator_id = %(operator)s AND p.session_id = s.id)
 ORDER BY s.id LIMIT %(limit)s)
UNION
(SELECT s.id FROM billing_sessionprice p JOIN charging_chargingsession s
   ON s.operator_id = p.operator_id AND s.id = p.session_id
 WHERE p.operator_id = %(operator)s AND p.state = 'problem' AND p.problem = 'no_driver' AND s.driver_id IS NOT NULL
   AND s.review IN ('', 'approved')
 LIMIT %(limit)s)
ORDER BY 1 LIMIT %(limit)s
"""
_OPEN = """
SELECT s.id FROM charging_chargingsession s
WHERE s.operator_id = %(operator)s AND s.id = ANY(%(ids)s) AND s.state = 'COMPLETED' AND s.review IN ('', 'approved')
  AND NOT EXISTS (SELECT 1 FROM billing_billedsession b WHERE b.operator_id = %(operator)s
                  AND b.session_id = s.id AND b.released_by_id IS NULL)
ORDER BY s.id
"""


def session_ids(*, limit: int) -> list[int]:
    """Ids of closed sessions that need a price and need nobody's decision first, oldest id first."""
    return _ids(_WAITING, {"operator": current_operator_id(), "limit": limit})


def open_to_rating(ids: Sequence[int]) -> list[int]:
    """Those of the sessions that may get a price now: closed, not under review, on no invoice."""
    return _ids(_OPEN, {"operator": current_operator_id(), "ids": list(ids)})


def unbilled_prices(assignment: TariffAssignment, *, since: datetime) -> QuerySet[SessionPrice]:
    """Those of `reached_prices` whose sessions stand on no invoice."""
    billed = BilledSession.objects.filter(
        operator_id=OuterRef("operator_id"), session_id=OuterRef("session_id"), released_by__isnull=True
    )
    return reached_prices(assignment, since=since).exclude(Exists(billed))


def reached_prices(assignment: TariffAssignment, *, since: datetime) -> QuerySet[SessionPrice]:
    """Prices of the sessions that an assignment reaches and that start at `since` or later."""
    reached = Q(session__started_at__gte=since)
    if assignment.valid_until is not None:
        reached &= Q(session__started_at__lt=assignment.valid_until)
    if assignment.driver_id:
        reached &= Q(session__driver_id=assignment.driver_id)
    elif assignment.group_id:
        reached &= Q(session__driver__group_id=assignment.group_id)
    elif assignment.site_id:
        reached &= Q(session__site_id=assignment.site_id)
    return SessionPrice.objects.filter(reached)


def _ids(sql: str, values: dict[str, Any]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [row[0] for row in cursor.fetchall()]
