"""Which issued documents belong to some days: those dated on them, by the clock under which they were issued.

VAT follows the date of a document, so a credit note stands in the month in which it was made, whatever it credits.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from billing.domain.calendar import month_after

#: Of documents `i`, given `bounds`. The plain bounds lead into the index, the days are exact.
DATED_IN: Final = """
i.state = 'issued' AND i.kind IN ('invoice', 'credit_note') AND i.issued_at >= %(since)s AND i.issued_at < %(until)s
AND (i.issued_at AT TIME ZONE (i.seller ->> 'time_zone'))::date BETWEEN %(first_day)s AND %(last_day)s
"""


def bounds(first_day: date, last_day: date) -> dict[str, Any]:
    """What the condition is given: the days, and instants that hold them in every zone."""
    since, until = (datetime.combine(day, time(), UTC) for day in (first_day, last_day))
    return {
        "first_day": first_day,
        "last_day": last_day,
        "since": since - timedelta(days=1),
        "until": until + timedelta(days=2),
    }


def month(day: date) -> tuple[date, date]:
    """The first and the last day of its month."""
    first = day.replace(day=1)
    return first, month_after(first) - timedelta(days=1)
