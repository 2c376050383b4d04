"""Draft invoices of a range of drivers, in a handful of statements however many sessions there are.

The lines were computed when the sessions were rated; here they are put together, and VAT is taken
once per rate on the sum of its lines (`billing.domain.invoice` is the judge of this arithmetic).
PostgreSQL's `round` of a numeric goes half away from zero, as `billing.domain.money` does.
"""

from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext_noop

from billing.domain.money import minor_digits
from billing.models import InvoiceRun
from tenants.identifiers import new_public_id
from tenants.scoping import current_operator_id

# The prices are locked first: rating waits for the lock before it changes one (`services.rating`).
_BILLABLE = """
CREATE TEMP TABLE billable ON COMMIT DROP AS
SELECT s.id AS session_id, s.driver_id, s.started_at, coalesce(s.energy_wh, 0) AS energy_wh,
    p.tariff_version_id, p.currency, p.lines
FROM charging_chargingsession s
JOIN billing_sessionprice p ON p.operator_id = s.operator_id AND p.session_id = s.id
WHERE s.operator_id = %(operator)s AND s.driver_id BETWEEN %(first)s AND %(last)s
  AND s.ended_at >= %(since)s AND s.ended_at < %(until)s AND s.state = 'COMPLETED'
  AND s.review IN ('', 'approved') AND p.state = 'priced'
  AND NOT EXISTS (SELECT 1 FROM billing_billedsession b WHERE b.operator_id = %(operator)s
                  AND b.session_id = s.id AND b.released_by_id IS NULL)
FOR UPDATE OF p
"""
_LINES = """
CREATE TEMP TABLE drafted_lines ON COMMIT DROP AS
SELECT b.driver_id, b.session_id, b.started_at, b.tariff_version_id, b.currency,
    l.component, l.quantity, l.unit_price, l.vat_rate, l.amount
FROM billable b CROSS JOIN LATERAL jsonb_to_recordset(b.lines)
    AS l(component text, quantity numeric, unit_price numeric, vat_rate numeric, amount numeric);
CREATE TEMP TABLE drafted_vat ON COMMIT DROP AS
SELECT driver_id, currency, vat_rate, sum(amount) AS taxable, 0::numeric AS vat
FROM drafted_lines GROUP BY driver_id, currency, vat_rate
"""
_VAT = "UPDATE drafted_vat SET vat = round(taxable * coalesce(vat_rate, 0) / 100, %s) WHERE currency = %s"

_MIXED = gettext_noop("The sessions are priced in more than one currency.")
_NAMELESS = gettext_noop("The driver has no personal data, so there is nobody to name as the buyer.")
_NEGATIVE = gettext_noop("The sum is below zero. An invoice asks for money; only a credit note gives some back.")

_PROBLEMS = """
SELECT d.id, CASE WHEN count(DISTINCT v.currency) > 1 THEN 'mixed_currencies'
                  WHEN d.identity_id IS NULL THEN 'no_identity'
                  WHEN sum(v.taxable + v.vat) < 0 THEN 'negative_sum' END
FROM drafted_vat v JOIN tenants_driver d ON d.operator_id = %(operator)s AND d.id = v.driver_id
GROUP BY d.id, d.identity_id
"""
_MESSAGES = {"mixed_currencies": _MIXED, "no_identity": _NAMELESS, "negative_sum": _NEGATIVE}

_INVOICES = """
CREATE TEMP TABLE drafted ON COMMIT DROP AS
SELECT u.driver_id, nextval(pg_get_serial_sequence('billing_invoice', 'id')) AS invoice_id, u.public_id
FROM unnest(%(drivers)s::bigint[], %(public_ids)s::uuid[]) AS u(driver_id, public_id);
INSERT INTO billing_invoice (id, operator_id, public_id, kind, run_id, driver_id, buyer_id, reason, state, series,
    month, currency, amount_excl_vat, vat, rounding, amount_due, session_count, energy_wh, seller, drafted_at)
SELECT n.invoice_id, %(operator)s, n.public_id, 'invoice', %(run)s, n.driver_id, d.identity_id, '', 'draft', %(series)s,
    %(month)s, v.currency, v.taxable, v.vat, 0, v.taxable + v.vat, s.sessions, s.energy_wh, '{}', %(at)s
FROM drafted n
JOIN tenants_driver d ON d.operator_id = %(operator)s AND d.id = n.driver_id
JOIN (SELECT driver_id, min(currency) AS currency, sum(taxable) AS taxable, sum(vat) AS vat
      FROM drafted_vat GROUP BY driver_id) v ON v.driver_id = n.driver_id
JOIN (SELECT driver_id, count(*) AS sessions, sum(energy_wh) AS energy_wh
      FROM billable GROUP BY driver_id) s ON s.driver_id = n.driver_id;
INSERT INTO billing_invoiceline (operator_id, invoice_id, position, session_id, tariff_version_id, component,
    quantity, unit, unit_price, vat_rate, amount_excl_vat)
SELECT %(operator)s, n.invoice_id,
    row_number() OVER (PARTITION BY n.invoice_id ORDER BY l.started_at, l.session_id, l.component, l.unit_price),
    l.session_id, l.tariff_version_id, l.component, l.quantity,
    CASE WHEN l.component = 'ENERGY' THEN 'kWh' WHEN l.component LIKE '%%TIME' THEN 'h' ELSE '1' END,
    l.unit_price, l.vat_rate, l.amount
FROM drafted_lines l JOIN drafted n USING (driver_id);
INSERT INTO billing_invoicevat (operator_id, invoice_id, vat_rate, taxable, vat)
SELECT %(operator)s, n.invoice_id, v.vat_rate, v.taxable, v.vat FROM drafted_vat v JOIN drafted n USING (driver_id);
INSERT INTO billing_billedsession (operator_id, session_id, invoice_id)
SELECT %(operator)s, b.session_id, n.invoice_id FROM billable b JOIN drafted n USING (driver_id)
"""
_COUNT = "SELECT count(*) FROM billable JOIN drafted USING (driver_id)"
_DROP = "DROP TABLE IF EXISTS billable, drafted_lines, drafted_vat, drafted"
_PROBLEM_ROWS = """
INSERT INTO billing_runproblem (operator_id, run_id, driver_id, code, message)
SELECT %(operator)s, %(run)s, u.driver_id, u.code, u.message
FROM unnest(%(drivers)s::bigint[], %(codes)s::text[], %(messages)s::text[]) AS u(driver_id, code, message)
ON CONFLICT (operator_id, run_id, driver_id) DO UPDATE SET code = excluded.code, message = excluded.message
"""
SERIES = "F"


def draft(run: InvoiceRun, *, first: int, last: int, at: datetime) -> int:
    """Draft the run's invoices of the drivers with ids from `first` to `last`; return how many sessions they bill.

    Must run in one transaction. A driver who cannot be billed gets a `RunProblem` and stops nobody else.
    """
    values = {
        "operator": current_operator_id(),
        "run": run.pk,
        "first": first,
        "last": last,
        "since": run.since,
        "until": run.until,
        "month": run.month,
        "series": SERIES,
        "at": at,
    }
    with connection.cursor() as cursor:
        cursor.execute(_DROP)
        cursor.execute(_BILLABLE, values)
        cursor.execute(_LINES)
        _tax(cursor)
        cursor.execute("ANALYZE billable (driver_id), drafted_lines (driver_id), drafted_vat (driver_id)")
        drivers = _billable_drivers(cursor, values)
        for statement in _INVOICES.split(";\n"):
            cursor.execute(statement, {**values, "drivers": drivers, "public_ids": [new_public_id() for _ in drivers]})
        cursor.execute(_COUNT)
        return int(cursor.fetchone()[0])


def _tax(cursor: Any) -> None:
    cursor.execute("SELECT DISTINCT currency FROM drafted_vat")
    for (currency,) in cursor.fetchall():
        cursor.execute(_VAT, [minor_digits(currency), currency])


def _billable_drivers(cursor: Any, values: dict[str, Any]) -> list[int]:
    """Write a problem for each driver who cannot be billed; return the others."""
    cursor.execute(_PROBLEMS, values)
    found = cursor.fetchall()
    refused = [(driver, code) for driver, code in found if code is not None]
    if refused:
        codes = [code for _, code in refused]
        messages = [_MESSAGES[code] for code in codes]
        rows = {"drivers": [driver for driver, _ in refused], "codes": codes, "messages": messages}
        cursor.execute(_PROBLEM_ROWS, {**values, **rows})
    return [driver for driver, code in found if code is None]
