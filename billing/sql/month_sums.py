"""What a `MonthSum` holds, as SQL: written by `billing.services.day_sums`, read by `billing.selectors.month_sums`."""

from typing import Final

#: The sums of all documents of the months %(months)s. What a re-rating billed anew is of no run.
LIVE_MONTHS: Final = """
SELECT month, CASE WHEN replaces_id IS NULL THEN run_id END AS run_id,
    kind, state, currency, count(*) AS documents, sum(session_count) AS sessions,
    sum(energy_wh) AS energy_wh, sum(amount_excl_vat) AS amount_excl_vat, sum(vat) AS vat, sum(amount_due) AS amount_due
FROM billing_invoice WHERE operator_id = %(operator)s AND month = ANY(%(months)s::date[])
GROUP BY 1, 2, 3, 4, 5
"""
COUNT_MONTHS: Final = f"""
INSERT INTO billing_monthsum (operator_id, month, run_id, kind, state, currency, documents, sessions, energy_wh,
    amount_excl_vat, vat, amount_due)
SELECT %(operator)s, l.* FROM ({LIVE_MONTHS}) l
"""
