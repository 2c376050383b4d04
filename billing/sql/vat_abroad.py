"""In which countries a document charges VAT: where its cars charged (ML 2023:200, 6 kap.; art. 39 of the directive).

Fees are services of the seller's own country; a discount stands where that is of which it is taken. Where the operator
has no site abroad nothing is read.
"""

from typing import Final

_HAS_SITES = """EXISTS (
    SELECT FROM charging_site w WHERE w.operator_id = %(operator)s AND w.country <> %(home)s
)"""
#: Of each of the documents, a country in which it charges VAT; the seller's own stands for what bears none, too.
COUNTRIES: Final = f"""
SELECT l.invoice_id, CASE WHEN l.vat_rate > 0 THEN coalesce(w.country, %(home)s) ELSE %(home)s END AS country
FROM billing_invoiceline l
LEFT JOIN charging_chargingsession s ON s.operator_id = l.operator_id AND s.id = l.session_id
LEFT JOIN charging_site w ON w.operator_id = s.operator_id AND w.id = s.site_id
LEFT JOIN billing_billedfee c ON c.operator_id = l.operator_id AND c.id = l.fee_id
LEFT JOIN billing_fee f ON f.operator_id = c.operator_id AND f.id = c.fee_id
WHERE l.operator_id = %(operator)s AND l.invoice_id = ANY(%(ids)s::bigint[]) AND {_HAS_SITES}
    AND l.vat_rate IS NOT NULL AND l.amount_excl_vat <> 0 AND f.kind IS DISTINCT FROM 'discount'
GROUP BY 1, 2
"""
#: How many drafts of a run charge VAT of a country of which no number is known, and which countries these are.
MISSING: Final = """
SELECT count(DISTINCT i.id), array_agg(DISTINCT w.country)
FROM charging_site w
JOIN charging_chargingsession s ON s.operator_id = w.operator_id AND s.site_id = w.id
JOIN billing_invoiceline l ON l.operator_id = s.operator_id AND l.session_id = s.id AND l.vat_rate > 0
    AND l.amount_excl_vat <> 0
JOIN billing_invoice i ON i.operator_id = l.operator_id AND i.id = l.invoice_id AND i.run_id = %(run)s
    AND i.state = 'draft'
WHERE w.operator_id = %(operator)s AND w.country <> %(home)s AND NOT w.country = ANY(%(known)s::text[])
"""
