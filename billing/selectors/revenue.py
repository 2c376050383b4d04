"""What was charged and earned, day by day."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from charging.models import Site
from charging.sight import visible_sites
from tenants.scoping import current_operator_id

# The price including VAT of what is priced; problems earn nothing until they are solved.
_BY_DAY = """
SELECT (s.ended_at AT TIME ZONE %(zone)s)::date AS day, count(*), coalesce(sum(s.energy_wh), 0),
    coalesce(sum(p.amount_excl_vat), 0), coalesce(sum(p.amount_incl_vat), 0)
FROM charging_chargingsession s
LEFT JOIN billing_sessionprice p ON p.operator_id = s.operator_id AND p.session_id = s.id
WHERE s.operator_id = %(operator)s
  AND s.ended_at >= %(first)s::timestamp AT TIME ZONE %(zone)s
  AND s.ended_at < %(after)s::timestamp AT TIME ZONE %(zone)s {narrower}
GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Day:
    """One local day: the sessions that ended on it."""

    day: date
    sessions: int
    energy_wh: int
    amount_excl_vat: Decimal
    amount_incl_vat: Decimal


def by_day(*, first: date, last: date, zone: str | ZoneInfo, site: Site | None = None) -> list[Day]:
    """One row for each day from `first` to `last`, days without sessions included. One query.

    A session counts on the day it ended, by the clock of `zone`.
    """
    values: dict[str, Any] = {
        "operator": current_operator_id(),
        "zone": str(zone),
        "first": first,
        "after": last + timedelta(days=1),
        "site": site.pk if site else None,
        "sites": sorted(visible_sites() or ()),
    }
    narrower = "AND s.site_id = %(site)s" if site else ""
    if visible_sites() is not None:
        narrower += " AND s.site_id = ANY(%(sites)s::bigint[])"
    with connection.cursor() as cursor:
        cursor.execute(_BY_DAY.format(narrower=narrower), values)
        found = {row[0]: Day(row[0], row[1], int(row[2]), row[3], row[4]) for row in cursor.fetchall()}
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return [found.get(day, Day(day, 0, 0, Decimal(0), Decimal(0))) for day in days]
