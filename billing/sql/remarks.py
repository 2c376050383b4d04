"""Which drafts of a run are odd: far from what the customer usually pays, or a large first invoice."""

from typing import Final

#: Of a customer's last six invoices in the currency; two are needed to call anything usual. The oddest 200.
REMARK: Final = """
INSERT INTO billing_runremark (operator_id, run_id, invoice_id, code, usual, off_by)
SELECT i.operator_id, i.run_id, i.id,
    CASE WHEN u.known < 2 THEN 'first' WHEN i.amount_due > u.usual THEN 'more' ELSE 'less' END,
    CASE WHEN u.known < 2 THEN NULL ELSE round(u.usual, 2) END, abs(i.amount_due - coalesce(u.usual, 0))
FROM billing_invoice i
JOIN (SELECT currency, avg(amount_due) AS mean FROM billing_invoice
      WHERE operator_id = %(operator)s AND run_id = %(run)s GROUP BY 1) r ON r.currency = i.currency
CROSS JOIN LATERAL (SELECT avg(amount_due) AS usual, count(*) AS known FROM (
    SELECT p.amount_due FROM billing_invoice p
    WHERE p.operator_id = i.operator_id AND p.account_id = i.account_id AND p.month < i.month AND p.state = 'issued'
        AND p.kind = 'invoice' AND p.currency = i.currency
    ORDER BY p.month DESC LIMIT 6) p) u
WHERE i.operator_id = %(operator)s AND i.run_id = %(run)s AND CASE
    WHEN u.known < 2 THEN i.amount_due > 5 * r.mean
    ELSE i.amount_due > 2 * u.usual + r.mean / 10 OR i.amount_due < u.usual / 3 - r.mean / 10 END
ORDER BY 6 DESC LIMIT 200
"""
