"""What is left of sessions that are kept no longer: asked by imports; read with the others by `day_sums`."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection

from billing.models import PastHour
from billing.models.billing_status import BUCKETS, Bucket
from billing.selectors import day_sums
from billing.selectors.day_sums import Wanted
from billing.sql.past_hours import LINES
from charging.site_scope import limited_to
from tenants.scoping import current_operator_id


def undecided(last: date) -> int:
    """How many sessions ended by this day and do not end, as somebody has to decide on them or bill them first."""
    waiting = (*BUCKETS[Bucket.UNDER_REVIEW], *BUCKETS[Bucket.NOT_YET])
    return day_sums.totals(Wanted(last=last, by="ended_on", statuses=[status.value for status in waiting])).sessions


@limited_to(None)  # a file may hold sessions of any site
def closed(lines: Sequence[int], sites: Sequence[int], starts: Sequence[datetime]) -> list[int]:
    """Of lines of a file, each with its site and its start, those of an hour of which sums alone are kept."""
    if not PastHour.objects.exists():
        return []
    values: dict[str, Any] = {"operator": current_operator_id(), "lines": lines, "sites": sites, "starts": starts}
    with connection.cursor() as cursor:
        cursor.execute(LINES, values)
        return [line for (line,) in cursor.fetchall()]
