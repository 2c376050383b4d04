"""Which issued documents belong to a month: those dated in it, by the clock under which they were issued.

VAT follows the date of a document, so a credit note stands in the month in which it was made, whatever it credits.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from billing.domain.calendar import month_after

#: Of documents `i`, given `bounds`. The plain bounds lead into the index, the month is exact.
DATED_IN: Final = """
i.state = 'issued' AND i.kind IN ('invoice', 'credit_note') AND i.issued_at >= %(since)s AND i.issued_at < %(until)s
AND date_trunc('month', i.issued_at AT TIME ZONE (i.seller ->> 'time_zone')) = %(month)s::date
"""


def bounds(month: date) -> dict[str, Any]:
    """What the condition is given: the month, and instants that hold it in every zone."""
    first = month.replace(day=1)
    begin, end = (datetime.combine(day, time(), UTC) for day in (first, month_after(first)))
    return {"month": first, "since": begin - timedelta(days=1), "until": end + timedelta(days=1)}
