"""Drafts of a run with another rate of VAT than the standard one of their country, by the days of what they charge.

Such is a tariff that was not changed with its country's rate, or reaches a site of another country, and a session that
was priced before anybody knew that the rate changes while it lasts. What fees were agreed with on purpose is none.

Where a country has one rate from the day before the month to the day after it (the clock there is not always that of
the operator), and all drafts have that, their sums tell it. Only what has another one, or is of a month with two, is
looked at line by line.
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import connection

from billing.domain.calendar import month_after
from billing.models import BilledSession, Fee, Invoice, InvoiceRun, InvoiceVat
from billing.models.invoice import IN_FORCE
from billing.selectors import drafted, terms, vat_rates

#: Lines of drafts with rates that are looked at, where they were charged, and their days by the clock there.
_LINES: Final = """
WITH rates AS MATERIALIZED (
    SELECT * FROM unnest(%(countries)s::text[], %(percents)s::numeric[], %(sinces)s::date[], %(untils)s::date[])
        AS r(country, percent, since, until)
),
lines AS (
    SELECT i.id AS invoice, i.vat_country, l.vat_rate, s.id AS session, p.country AS charged_in,
        coalesce((s.started_at AT TIME ZONE p.time_zone)::date, f.first_day) AS first_day,
        coalesce((greatest(s.started_at, s.ended_at - interval '1 second') AT TIME ZONE p.time_zone)::date, f.last_day)
            AS last_day
    FROM unnest(%(asked_countries)s::text[], %(asked_rates)s::numeric[]) AS a(country, percent)
    JOIN billing_invoice i ON i.operator_id = %(operator)s AND i.run_id = %(run)s AND i.state = 'draft'
        AND i.vat_country = a.country
    JOIN billing_invoiceline l ON l.operator_id = i.operator_id AND l.invoice_id = i.id AND l.vat_rate = a.percent
    LEFT JOIN charging_chargingsession s ON s.operator_id = l.operator_id AND s.id = l.session_id
    LEFT JOIN charging_site p ON p.operator_id = s.operator_id AND p.id = s.site_id
    LEFT JOIN billing_billedfee f ON f.operator_id = l.operator_id AND f.id = l.fee_id
)
"""
#: Drafts with lines of a rate that was the standard one on none of their days.
_ODD: Final = (
    _LINES
    + """
SELECT DISTINCT invoice FROM lines l WHERE NOT EXISTS (
    SELECT FROM rates r WHERE r.country = l.vat_country AND r.percent = l.vat_rate
        AND r.since <= l.last_day AND (r.until IS NULL OR r.until > l.first_day))
"""
)
#: Sessions that last over a change.
_OVER: Final = (
    _LINES
    + """
SELECT DISTINCT session FROM lines l WHERE EXISTS (
    SELECT FROM rates r WHERE r.country = l.charged_in AND r.since > l.first_day AND r.since <= l.last_day)
ORDER BY session
"""
)


@dataclass(frozen=True, slots=True)
class Odd:
    """Drafts with another rate, and the sessions that have one because a change within them was not known."""

    drafts: set[int]
    sessions: list[int]


def odd(run: InvoiceRun) -> Odd:
    """Find the run's drafts with other rates."""
    asked = _asked(run)
    if not asked:
        return Odd(set(), [])
    values = {
        **vat_rates.columns(),
        "operator": run.operator_id,
        "run": run.pk,
        "asked_countries": [country for country, _ in asked],
        "asked_rates": [rate for _, rate in asked],
    }
    drafts, over = _ids(_ODD, values), _ids(_OVER, values)
    sessions = drafted.taxed_otherwise(terms.price_book(), over) if over else []
    billed = BilledSession.objects.filter(IN_FORCE, session__in=sessions).values_list("invoice", flat=True)
    return Odd({*drafts, *(billed if sessions else ())}, sessions)


def _asked(run: InvoiceRun) -> list[tuple[str, Decimal]]:
    """The countries and rates of the run's drafts that their sums alone do not explain."""
    one_day, after = timedelta(days=1), month_after(run.month)
    days = (run.month - one_day, run.month, after - one_day, after)
    rows = InvoiceVat.objects.filter(invoice__run=run, invoice__state=Invoice.State.DRAFT, vat_rate__gt=0)
    agreed = set(Fee.objects.filter(vat_rate__gt=0).values_list("vat_rate", flat=True).distinct())
    asked = []
    for country, rate in rows.values_list("invoice__vat_country", "vat_rate").distinct().order_by():
        standard = {known.percent for day in days if (known := vat_rates.standard_rate(country, day)) is not None}
        if standard and standard != {rate} and rate is not None and rate not in agreed:
            asked.append((country, rate))
    return asked


def _ids(statement: str, values: dict[str, Any]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [pk for (pk,) in cursor.fetchall()]
