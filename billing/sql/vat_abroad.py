"""In which country a document charges VAT: where its cars charged (ML 2023:200, 6 kap.; art. 39 of the directive).

Each is drafted for one country (`billing.sql.invoices`). Of those drafted before that, lines tell: fees are services of
the seller's own country, a discount stands where that is of which it is taken.
"""

from typing import Final

from billing.sql.invoices import COUNTRY
from billing.sql.payers import JOINED

#: Of each of the documents that are not the seller's own country's alone, a country in which it charges VAT; of those
#: drafted before, every one, and the seller's own stands for what bears none, too.
COUNTRIES: Final = """
SELECT i.id, i.vat_country FROM billing_invoice i
WHERE i.operator_id = %(operator)s AND i.id = ANY(%(ids)s::bigint[])
    AND i.vat_country NOT IN ('', %(home)s)
UNION ALL
SELECT l.invoice_id, CASE WHEN l.vat_rate > 0 THEN coalesce(w.country, %(home)s) ELSE %(home)s END AS country
FROM billing_invoice i
JOIN billing_invoiceline l ON l.operator_id = i.operator_id AND l.invoice_id = i.id
LEFT JOIN charging_chargingsession s ON s.operator_id = l.operator_id AND s.id = l.session_id
LEFT JOIN charging_site w ON w.operator_id = s.operator_id AND w.id = s.site_id
LEFT JOIN billing_billedfee c ON c.operator_id = l.operator_id AND c.id = l.fee_id
LEFT JOIN billing_fee f ON f.operator_id = c.operator_id AND f.id = c.fee_id
WHERE i.operator_id = %(operator)s AND i.id = ANY(%(ids)s::bigint[]) AND i.vat_country = ''
    AND l.vat_rate IS NOT NULL AND l.amount_excl_vat <> 0 AND f.kind IS DISTINCT FROM 'discount'
GROUP BY 1, 2
"""
#: How many drafts of a run charge VAT of a country of which no number is known, and which countries these are.
MISSING: Final = """
SELECT count(*), array_agg(DISTINCT i.vat_country) FROM billing_invoice i
WHERE i.operator_id = %(operator)s AND i.run_id = %(run)s AND i.state = 'draft'
    AND i.vat_country NOT IN ('', %(home)s) AND NOT i.vat_country = ANY(%(known)s::text[])
"""
#: Of the drafts of a run on which a change of a country was noted, those that would be another country's by now.
#: Fees are services of the seller's own country; a discount, of which there is less than none, is not.
MOVED: Final = f"""
SELECT i.id FROM billing_invoice i
WHERE i.operator_id = %(operator)s AND i.run_id = %(run)s AND i.state = 'draft' AND i.id IN (
        SELECT r.invoice_id FROM billing_runremark r
        WHERE r.operator_id = %(operator)s AND r.run_id = %(run)s AND r.code = 'country')
    AND (EXISTS (
        SELECT FROM billing_billedsession b
        JOIN charging_chargingsession s ON s.operator_id = b.operator_id AND s.id = b.session_id
        JOIN billing_sessionprice p ON p.operator_id = s.operator_id AND p.session_id = s.id
        JOIN charging_site w ON w.operator_id = s.operator_id AND w.id = s.site_id
        {JOINED}
        WHERE b.operator_id = i.operator_id AND b.invoice_id = i.id AND {COUNTRY} <> i.vat_country
    ) OR i.vat_country <> %(home)s AND EXISTS (
        SELECT FROM billing_invoiceline l
        WHERE l.operator_id = i.operator_id AND l.invoice_id = i.id AND l.session_id IS NULL AND l.quantity > 0))
ORDER BY 1
"""  # constants only
