"""What a statement says of each session at a host's sites: what is billed of it now, less what was said before.

Billed is what stands on issued invoices and credit notes, without VAT. Energy counts while the session stands on an
issued invoice. So a session that came late, was credited wholly or in part, or re-rated stands in the next statement
with its difference, and with nothing when nothing changed: the closed statements of a contract always add up to what
was billed when the last of them was worked out.
"""

from typing import Final

#: %(begin)s, %(end)s: the instants between which sessions ended that the contract is about, up to the settled month.
LINES: Final = """
INSERT INTO billing_hostline (operator_id, statement_id, session_id, month, energy_wh, net)
WITH said AS MATERIALIZED (
    SELECT l.session_id, sum(l.energy_wh)::bigint AS energy_wh, sum(l.net) AS net
    FROM billing_hoststatement h
    JOIN billing_hostline l ON l.operator_id = h.operator_id AND l.statement_id = h.id
    WHERE h.operator_id = %(operator)s AND h.contract_id = %(contract)s AND h.state = 'closed'
    GROUP BY 1
),
here AS MATERIALIZED (
    SELECT s.id, s.ended_at, coalesce(s.energy_wh, 0) AS energy_wh,
        date_trunc('month', s.ended_at AT TIME ZONE %(zone)s)::date AS month
    FROM billing_hostsite p
    JOIN charging_chargingsession s ON s.operator_id = p.operator_id AND s.site_id = p.site_id
    WHERE p.operator_id = %(operator)s AND p.contract_id = %(contract)s AND s.state = 'COMPLETED'
      AND s.ended_at >= %(begin)s AND s.ended_at < %(end)s
),
billed AS (
    SELECT h.id, sum(l.amount_excl_vat) AS net
    FROM here h
    JOIN billing_invoiceline l ON l.operator_id = %(operator)s AND l.session_id = h.id
    JOIN billing_invoice i ON i.operator_id = %(operator)s AND i.id = l.invoice_id AND i.state = 'issued'
    WHERE i.currency = %(currency)s
    GROUP BY 1
),
standing AS (
    SELECT h.id FROM here h
    JOIN billing_billedsession b ON b.operator_id = %(operator)s AND b.session_id = h.id AND b.released_by_id IS NULL
    JOIN billing_invoice i ON i.operator_id = %(operator)s AND i.id = b.invoice_id AND i.state = 'issued'
),
known AS (
    SELECT h.id, h.month, h.ended_at, CASE WHEN g.id IS NULL THEN 0 ELSE h.energy_wh END AS energy_wh,
        coalesce(b.net, 0) AS net
    FROM here h LEFT JOIN billed b ON b.id = h.id LEFT JOIN standing g ON g.id = h.id
)
SELECT %(operator)s, %(statement)s, k.id, k.month, k.energy_wh - coalesce(s.energy_wh, 0), k.net - coalesce(s.net, 0)
FROM known k LEFT JOIN said s ON s.session_id = k.id
WHERE (k.energy_wh, k.net) <> (coalesce(s.energy_wh, 0), coalesce(s.net, 0))
ORDER BY k.ended_at, k.id
"""
#: By month, what all statements of the contract say of its sessions: this one, and the closed ones before it.
MONTHS: Final = """
SELECT l.month, count(*) FILTER (WHERE h.id = %(statement)s),
    coalesce(sum(l.energy_wh) FILTER (WHERE h.id = %(statement)s), 0)::bigint,
    coalesce(sum(l.net) FILTER (WHERE h.id = %(statement)s), 0), sum(l.energy_wh)::bigint, sum(l.net)
FROM billing_hoststatement h
JOIN billing_hostline l ON l.operator_id = h.operator_id AND l.statement_id = h.id
WHERE h.operator_id = %(operator)s AND h.contract_id = %(contract)s
  AND (h.state = 'closed' OR h.id = %(statement)s)
GROUP BY 1
"""
