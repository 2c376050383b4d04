"""Which issued documents belong to some days: by their date, by the day they are booked on, or by their charging.

VAT follows the date of a document, by the clock under which it was issued, so a credit note stands in the month in
which it was made, whatever it credits. It is booked on that day, or on the first open one. By months of charging it
stands in the month of what it credits.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from billing.domain.calendar import month_after

#: Of documents `i`, given `bounds`. The plain bounds lead into the index, the days are exact.
DATED_IN: Final = """
i.state = 'issued' AND i.kind IN ('invoice', 'credit_note') AND i.issued_at >= %(since)s AND i.issued_at < %(until)s
AND (i.issued_at AT TIME ZONE (i.seller ->> 'time_zone'))::date BETWEEN %(first_day)s AND %(last_day)s
"""
#: The same by the day on which they are booked, given the ids that they are among.
BOOKED_IN: Final = """
i.state = 'issued' AND i.kind IN ('invoice', 'credit_note') AND i.id IN (
    SELECT e.source FROM billing_ledgerentry e WHERE e.operator_id = %(operator)s AND e.kind = 'document'
        AND e.source BETWEEN %(first)s AND %(last)s AND e.booked_on BETWEEN %(first_day)s AND %(last_day)s)
"""
#: The same by the months that they bill.
CHARGED_IN: Final = """
i.state = 'issued' AND i.kind IN ('invoice', 'credit_note') AND i.month BETWEEN %(first_day)s AND %(last_day)s
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
