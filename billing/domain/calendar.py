"""Billing months: which stretch of time a month is, in a site's own zone.

A session belongs to the month in which it ended, by the clock of the operator's zone; a session across midnight of the
month's end is never cut. Bounds are UTC instants, start included and end excluded, so months neither overlap nor leave
a gap, also when the offset of the zone changes within them.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Final

from billing.domain.errors import BillingError, Code
from billing.domain.zones import zone_named

#: Years that anybody may mean; beyond them dates overflow on their way to UTC.
_YEAR_MONTH: Final = re.compile(r"((?:19|20|21)\d{2})-(0[1-9]|1[0-2])", re.ASCII)


def parse_month(year_month: str) -> date:
    """The first day of a month given as `2026-03`.

    Raises:
        BillingError: it is not a month.
    """
    match = _YEAR_MONTH.fullmatch(year_month)
    if match is None:
        raise BillingError(Code.NOT_A_MONTH, field="month", value=year_month)
    return date(int(match[1]), int(match[2]), 1)


def month_after(first_day: date) -> date:
    """The first day of the next month."""
    year, month = divmod(first_day.year * 12 + first_day.month, 12)
    return date(year, month + 1, 1)


def month_bounds(year_month: str | date, zone: str) -> tuple[datetime, datetime]:
    """The UTC instants at which a month begins (included) and ends (excluded) in a zone.

    Raises:
        BillingError: the month or the zone cannot be read.
    """
    first = parse_month(year_month) if isinstance(year_month, str) else year_month.replace(day=1)
    return _midnight(first, zone), _midnight(month_after(first), zone)


def day_of(moment: datetime, zone: str) -> date:
    """The local date of an instant."""
    return moment.astimezone(zone_named(zone)).date()


def _midnight(day: date, zone: str) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone_named(zone)).astimezone(UTC)
