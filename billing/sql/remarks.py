"""What is odd about a run: drafts far from what the customer usually pays, a large first invoice, and who got none."""

from typing import Final

#: Of a customer's last six invoices in the currency and of the country's VAT, without those that were credited wholly;
#: two are needed to call anything usual. The oddest 200.
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
        AND p.kind = 'invoice' AND p.currency = i.currency AND p.vat_country IN ('', i.vat_country)
        AND NOT EXISTS (SELECT 1 FROM billing_invoice n
            WHERE n.operator_id = p.operator_id AND n.credits_id = p.id AND NOT n.leaves_rest)
    ORDER BY p.month DESC LIMIT 6) p) u
WHERE i.operator_id = %(operator)s AND i.run_id = %(run)s AND CASE
    WHEN u.known < 2 THEN i.amount_due > 5 * r.mean
    ELSE i.amount_due > 2 * u.usual + r.mean / 10 OR i.amount_due < u.usual / 3 - r.mean / 10 END
ORDER BY 6 DESC LIMIT 200
"""
#: Who got an invoice in both runs before and gets none now, though none was withheld, and though no other account pays
#: for the driver all the month. Who usually pays most, first.
NOTHING: Final = """
INSERT INTO billing_runremark (operator_id, run_id, invoice_id, code, usual, off_by)
SELECT p.operator_id, %(run)s, p.id, 'nothing', round((p.amount_due + o.amount_due) / 2, 2), p.amount_due
FROM billing_invoice p
JOIN billing_invoice o ON o.operator_id = p.operator_id AND o.run_id = %(earlier)s AND o.account_id = p.account_id
    AND o.replaces_id IS NULL AND o.currency = p.currency
    AND o.vat_country IN ('', p.vat_country)
WHERE p.operator_id = %(operator)s AND p.run_id = %(before)s AND p.replaces_id IS NULL
    AND NOT EXISTS (SELECT 1 FROM billing_invoice i
        WHERE i.operator_id = p.operator_id AND i.run_id = %(run)s AND i.account_id = p.account_id
            AND (p.vat_country = '' OR i.vat_country = p.vat_country))
    AND NOT EXISTS (SELECT 1 FROM billing_runproblem w
        WHERE w.operator_id = p.operator_id AND w.run_id = %(run)s AND w.account_id = p.account_id)
    AND NOT EXISTS (SELECT 1 FROM tenants_account a
        JOIN charging_accountmember m ON m.operator_id = a.operator_id AND m.driver_id = a.driver_id AND m.pays
        WHERE a.operator_id = p.operator_id AND a.id = p.account_id
            AND (m.since IS NULL OR m.since <= %(since)s) AND (m.until IS NULL OR m.until >= %(until)s))
ORDER BY p.amount_due DESC LIMIT 200
"""
