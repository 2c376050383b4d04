"""What a file of vouchers takes of the ledger, and what it then says of it.

What is booked for what stands in `billing.sql.ledger` alone; here is only which entries belong to a file. Where
documents are asked for by days, `{within}` is filled with one of `WITHIN`.
"""

from typing import Final

from billing.sql.documents import BOOKED_IN, DATED_IN

#: How documents belong to the days of a file, by its `DatedBy`.
WITHIN: Final = {"issued": DATED_IN, "booked": BOOKED_IN}
_THEIRS: Final = "i.operator_id = %(operator)s AND {within} AND i.currency = %(currency)s"

#: Which documents a file takes: those of its days that no file has taken. Whoever comes second finds them taken.
CLAIM: Final = f"""
INSERT INTO billing_bookedinvoice (operator_id, export_id, invoice_id)
SELECT i.operator_id, %(export)s, i.id FROM billing_invoice i WHERE {_THEIRS}
ON CONFLICT (operator_id, invoice_id) DO NOTHING
"""  # constants

#: The same of other entries of these %(kinds)s booked on the days.
CLAIM_EVENTS: Final = """
INSERT INTO billing_bookedentry (operator_id, export_id, entry_id)
SELECT e.operator_id, %(export)s, e.id FROM billing_ledgerentry e
WHERE e.operator_id = %(operator)s AND e.booked_on BETWEEN %(first_day)s AND %(last_day)s AND e.kind = ANY(%(kinds)s)
    AND e.currency = %(currency)s
ON CONFLICT (operator_id, entry_id) DO NOTHING
"""

#: How documents are booked. In %(again)s, all documents of the days; else those that this file has taken.
ENTRIES: Final = f"""
WITH documents AS MATERIALIZED (
    SELECT i.id, i.series || i.number AS name, i.kind FROM billing_invoice i
    JOIN billing_bookedinvoice b ON b.operator_id = i.operator_id AND b.invoice_id = i.id
    WHERE {_THEIRS} AND i.id BETWEEN %(first)s AND %(last)s AND (%(again)s OR b.export_id = %(export)s)
)
SELECT d.id, d.name, d.kind, e.booked_on, r.use, r.account, r.country, r.site_id, r.amount
FROM documents d
JOIN billing_ledgerentry e ON e.operator_id = %(operator)s AND e.kind = 'document' AND e.source = d.id
JOIN billing_ledgerrow r ON r.operator_id = %(operator)s AND r.entry_id = e.id
ORDER BY d.id, r.position
"""  # constants

#: What other entries come to, by day, kind, use, country and site; in %(again)s all of the days, else those that this
#: file has taken.
EVENTS: Final = """
SELECT e.booked_on, e.kind, r.use, r.account, r.country, r.site_id, sum(r.amount)
FROM billing_ledgerentry e
JOIN billing_bookedentry b ON b.operator_id = e.operator_id AND b.entry_id = e.id
JOIN billing_ledgerrow r ON r.operator_id = e.operator_id AND r.entry_id = e.id
WHERE e.operator_id = %(operator)s AND e.booked_on BETWEEN %(first_day)s AND %(last_day)s AND e.kind = ANY(%(kinds)s)
    AND e.currency = %(currency)s AND (%(again)s OR b.export_id = %(export)s)
GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
"""

#: Documents of the days in another currency than the books are kept in.
OTHERS: Final = """
SELECT i.series || i.number FROM billing_invoice i
WHERE i.operator_id = %(operator)s AND {within} AND i.currency <> %(currency)s ORDER BY i.id
"""  # constants

#: How many documents of the days stand in another file.
BEFORE: Final = f"""
SELECT count(*) FROM billing_invoice i
JOIN billing_bookedinvoice b ON b.operator_id = i.operator_id AND b.invoice_id = i.id AND b.export_id <> %(export)s
WHERE {_THEIRS}
"""  # constants
