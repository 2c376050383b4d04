"""Which invoices a re-rating reaches, what the lines of their sessions say, and what each comes to more."""

from typing import Final

#: The sessions that ended in the time and stand on an issued invoice now, by their invoice. What was credited in part
#: by an amount was agreed with the customer, and is left alone. %(corrected)s: only those that a file corrects.
PLAN: Final = """
INSERT INTO billing_rerateitem (operator_id, rerating_id, invoice_id, account_id, sessions, state, currency, credited,
    billed, differences, said, documents, code, facts)
SELECT i.operator_id, %(rerating)s, i.id, i.account_id, array_agg(s.id ORDER BY s.id), 'planned', i.currency, 0, 0,
    '{}', '', '{}', '', '{}'
FROM charging_chargingsession s
JOIN billing_billedsession b ON b.operator_id = s.operator_id AND b.session_id = s.id AND b.released_by_id IS NULL
JOIN billing_invoice i ON i.operator_id = b.operator_id AND i.id = b.invoice_id AND i.state = 'issued'
WHERE s.operator_id = %(operator)s AND s.ended_at >= %(begin)s AND s.ended_at < %(end)s
  AND (cardinality(%(sites)s::bigint[]) = 0 OR s.site_id = ANY(%(sites)s::bigint[]))
  AND (cardinality(%(accounts)s::bigint[]) = 0 OR i.account_id = ANY(%(accounts)s::bigint[]))
  AND (NOT %(corrected)s OR EXISTS (SELECT 1 FROM charging_correction c
      WHERE c.operator_id = s.operator_id AND c.session_id = s.id AND c.state = 'open'))
  AND NOT EXISTS (SELECT 1 FROM billing_invoice n
      JOIN billing_invoiceline l ON l.operator_id = n.operator_id AND l.invoice_id = n.id AND l.session_id = s.id
      WHERE n.operator_id = s.operator_id AND n.credits_id = i.id)
GROUP BY i.id
ON CONFLICT (operator_id, invoice_id, rerating_id) DO NOTHING
"""
#: What a session's lines say, with the opposite sign on a credit note, and which percentages are taken off them;
#: compared as a set; and what they come to with VAT, before what is taken off. Of a line that includes VAT the share
#: without it follows from the lines around it, and is not compared. A note gives back what its invoice took off.
LINES: Final = """
WITH lines AS MATERIALIZED (
    SELECT l.*, coalesce(i.credits_id, i.id) AS taken_off_on FROM billing_invoiceline l
    JOIN billing_invoice i ON i.operator_id = l.operator_id AND i.id = l.invoice_id
    WHERE l.operator_id = %(operator)s AND l.invoice_id = ANY(%(documents)s::bigint[]) AND l.session_id IS NOT NULL
)
SELECT session_id, array_agg(told ORDER BY told), round(sum(amount), 2) FROM (
    SELECT session_id, (component, abs(quantity), unit, unit_price, vat_rate, amount_incl_vat IS NULL,
        abs(coalesce(amount_incl_vat, amount_excl_vat)))::text AS told,
        coalesce(amount_incl_vat, amount_excl_vat * (1 + coalesce(vat_rate, 0) / 100)) AS amount
    FROM lines
    UNION ALL
    SELECT DISTINCT l.session_id, (f.id, c.percent)::text, 0::numeric
    FROM lines l
    JOIN billing_billedfee c ON c.operator_id = %(operator)s AND c.invoice_id = l.taken_off_on AND c.percent IS NOT NULL
    JOIN billing_fee f ON f.operator_id = c.operator_id AND f.id = c.fee_id
    JOIN charging_chargingsession s ON s.operator_id = c.operator_id AND s.id = l.session_id
    WHERE (s.started_at AT TIME ZONE %(zone)s)::date BETWEEN c.first_day AND c.last_day
        AND (f.taken_off <> 'energy' OR l.component = 'ENERGY')
) said
GROUP BY 1
"""

_DIFFERENCES: Final = """
FROM billing_rerateitem r, unnest(r.sessions, r.differences) AS each(session, difference)
WHERE r.operator_id = %(operator)s AND r.rerating_id = %(rerating)s AND r.state = ANY(%(counted)s)
"""
#: How many sessions come to more and by how much, and how many to less.
OF_SESSIONS: Final = f"""
SELECT r.currency, count(*) FILTER (WHERE difference > 0), coalesce(sum(difference) FILTER (WHERE difference > 0), 0),
    count(*) FILTER (WHERE difference < 0), coalesce(sum(difference) FILTER (WHERE difference < 0), 0)
{_DIFFERENCES}
GROUP BY 1
"""
#: The sessions that change, the greatest difference first.
BY_SESSION: Final = f"""
SELECT session, r.invoice_id, r.currency, difference
{_DIFFERENCES} AND difference <> 0
ORDER BY abs(difference) DESC, session
LIMIT %(limit)s
"""
