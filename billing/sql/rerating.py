"""Which invoices a re-rating reaches, and what the lines of their sessions say."""

from typing import Final

#: The sessions that ended in the time and stand on an issued invoice now, by their invoice. What was credited in part
#: by an amount was agreed with the customer, and is left alone. %(corrected)s: only those that a file corrects.
PLAN: Final = """
INSERT INTO billing_rerateitem (operator_id, rerating_id, invoice_id, account_id, sessions, state, currency, credited,
    billed, documents, code, facts)
SELECT i.operator_id, %(rerating)s, i.id, i.account_id, array_agg(s.id ORDER BY s.id), 'planned', i.currency, 0, 0,
    '{}', '', '{}'
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
#: What a session's lines say, with the opposite sign on a credit note; compared as a set. Of a line that includes VAT
#: the share without it follows from the lines around it, and is not compared.
LINES: Final = """
SELECT l.session_id, array_agg((l.component, abs(l.quantity), l.unit, l.unit_price, l.vat_rate,
    l.amount_incl_vat IS NULL, abs(coalesce(l.amount_incl_vat, l.amount_excl_vat)))::text
    ORDER BY l.component, l.unit_price, abs(l.quantity))
FROM billing_invoiceline l WHERE l.operator_id = %(operator)s AND l.invoice_id = ANY(%(documents)s::bigint[])
  AND l.session_id IS NOT NULL
GROUP BY 1
"""
