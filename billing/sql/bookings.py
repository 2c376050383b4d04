"""What issued documents come to on which accounts: one row an account, rate and site, debit positive.

A document's rows come to nothing: what is to be paid is the sum of sales, VAT and rounding. The amounts of a
credit note have the opposite sign already, and it stands on its own day.
"""

from typing import Final

from billing.sql.documents import DATED_IN

_THEIRS: Final = f"i.operator_id = %(operator)s AND {DATED_IN} AND i.currency = %(currency)s"

#: Which documents a file takes: those of its days that no file has taken. Whoever comes second finds them taken.
CLAIM: Final = f"""
INSERT INTO billing_bookedinvoice (operator_id, export_id, invoice_id)
SELECT i.operator_id, %(export)s, i.id FROM billing_invoice i WHERE {_THEIRS}
ON CONFLICT (operator_id, invoice_id) DO NOTHING
"""  # constants

#: In %(again)s, all documents of the days; else those that this file has taken.
ENTRIES: Final = f"""
WITH documents AS MATERIALIZED (
    SELECT i.id, i.series || i.number AS name, i.kind, i.amount_due, i.rounding,
        (i.issued_at AT TIME ZONE (i.seller ->> 'time_zone'))::date AS day
    FROM billing_invoice i
    JOIN billing_bookedinvoice b ON b.operator_id = i.operator_id AND b.invoice_id = i.id
    WHERE {_THEIRS} AND i.id BETWEEN %(first)s AND %(last)s AND (%(again)s OR b.export_id = %(export)s)
)
SELECT d.id, d.name, d.kind, d.day, e.part, e.vat_rate, e.account, e.site_id, e.amount
FROM documents d CROSS JOIN LATERAL (
    SELECT 1 AS place, 'receivable' AS part, NULL::numeric AS vat_rate, '' AS account, NULL::bigint AS site_id,
        d.amount_due AS amount
    UNION ALL
    SELECT 2, 'sales', l.vat_rate, coalesce(f.booking_account, ''), s.site_id, -sum(l.amount_excl_vat)
    FROM billing_invoiceline l
    LEFT JOIN charging_chargingsession s ON s.operator_id = l.operator_id AND s.id = l.session_id
    LEFT JOIN billing_billedfee f ON f.operator_id = l.operator_id AND f.id = l.fee_id
    WHERE l.operator_id = %(operator)s AND l.invoice_id = d.id GROUP BY 3, 4, 5
    UNION ALL
    SELECT 3, 'vat', v.vat_rate, '', NULL, -v.vat FROM billing_invoicevat v
    WHERE v.operator_id = %(operator)s AND v.invoice_id = d.id
    UNION ALL
    SELECT 4, 'rounding', NULL, '', NULL, -d.rounding
) e
WHERE e.amount <> 0 ORDER BY d.id, e.place, e.vat_rate DESC NULLS LAST, e.account, e.site_id NULLS FIRST
"""  # constants

#: Documents of the days in another currency than the books are kept in.
OTHERS: Final = f"""
SELECT i.series || i.number FROM billing_invoice i
WHERE i.operator_id = %(operator)s AND {DATED_IN} AND i.currency <> %(currency)s ORDER BY i.id
"""  # constants

#: How many documents of the days stand in another file.
BEFORE: Final = f"""
SELECT count(*) FROM billing_invoice i
JOIN billing_bookedinvoice b ON b.operator_id = i.operator_id AND b.invoice_id = i.id AND b.export_id <> %(export)s
WHERE {_THEIRS}
"""  # constants
