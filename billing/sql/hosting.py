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

#: Every session at a host's site of the days of its contract, narrowed by `where` on `s`: what is billed of it now
#: beside what closed statements said.
COMPARED: Final = """
SELECT s.id, s.site_id, date_trunc('month', s.ended_at AT TIME ZONE %(zone)s)::date AS month,
    CASE WHEN EXISTS (
        SELECT FROM billing_billedsession b
        JOIN billing_invoice i ON i.operator_id = b.operator_id AND i.id = b.invoice_id AND i.state = 'issued'
        WHERE b.operator_id = s.operator_id AND b.session_id = s.id AND b.released_by_id IS NULL
    ) THEN coalesce(s.energy_wh, 0) ELSE 0 END AS billed_wh, coalesce(billed.net, 0) AS billed,
    coalesce(said.energy_wh, 0) AS said_wh, coalesce(said.net, 0) AS said, said.net IS NOT NULL AS is_said
FROM billing_hostcontract c
JOIN billing_hostsite p ON p.operator_id = c.operator_id AND p.contract_id = c.id
JOIN charging_chargingsession s ON s.operator_id = p.operator_id AND s.site_id = p.site_id AND s.state = 'COMPLETED'
    AND s.ended_at >= (p.since::timestamp AT TIME ZONE %(zone)s)
    AND (p.until IS NULL OR s.ended_at < ((p.until + 1)::timestamp AT TIME ZONE %(zone)s))
LEFT JOIN LATERAL (
    SELECT sum(l.amount_excl_vat) AS net FROM billing_invoiceline l
    JOIN billing_invoice i ON i.operator_id = l.operator_id AND i.id = l.invoice_id AND i.state = 'issued'
    WHERE l.operator_id = s.operator_id AND l.session_id = s.id AND i.currency = c.currency
) billed ON true
LEFT JOIN LATERAL (
    SELECT sum(l.energy_wh) AS energy_wh, sum(l.net) AS net FROM billing_hostline l
    JOIN billing_hoststatement h ON h.operator_id = l.operator_id AND h.id = l.statement_id AND h.state = 'closed'
    WHERE l.operator_id = s.operator_id AND l.session_id = s.id AND h.contract_id = c.id
) said ON true
WHERE c.operator_id = %(operator)s {where}
"""
#: Where such a session stands: settled, to be settled, or of no concern to its host.
HOST_COMPARTMENT: Final = """
CASE WHEN (billed_wh, billed) <> (said_wh, said) THEN 'host_waits' WHEN is_said THEN 'host_settled' END
"""

#: Closed statements that are not what their sessions, months and contract say: which, and what is wrong.
FAULTS: Final = """
WITH closed AS MATERIALIZED (
    SELECT h.* FROM billing_hoststatement h WHERE h.operator_id = %(operator)s AND h.state = 'closed'
        AND (%(month)s::date IS NULL OR EXISTS (SELECT FROM billing_hostmonth m
            WHERE m.operator_id = h.operator_id AND m.statement_id = h.id AND m.month = %(month)s::date))
),
lines AS MATERIALIZED (
    SELECT l.statement_id, l.month, count(*) AS sessions, sum(l.energy_wh) AS energy_wh, sum(l.net) AS net,
        count(*) FILTER (WHERE p.id IS NULL OR s.state <> 'COMPLETED'
            OR date_trunc('month', s.ended_at AT TIME ZONE %(zone)s)::date <> l.month) AS strangers
    FROM closed h
    JOIN billing_hostline l ON l.operator_id = h.operator_id AND l.statement_id = h.id
    JOIN charging_chargingsession s ON s.operator_id = l.operator_id AND s.id = l.session_id
    LEFT JOIN billing_hostsite p ON p.operator_id = h.operator_id AND p.contract_id = h.contract_id
        AND p.site_id = s.site_id
    GROUP BY 1, 2
),
months AS MATERIALIZED (
    SELECT m.* FROM closed h JOIN billing_hostmonth m ON m.operator_id = h.operator_id AND m.statement_id = h.id
),
judged AS (
    SELECT h.id, CASE
        WHEN EXISTS (SELECT FROM lines l WHERE l.statement_id = h.id AND l.strangers > 0) THEN 'strangers'
        WHEN EXISTS (SELECT FROM (SELECT * FROM lines l WHERE l.statement_id = h.id) l
            FULL JOIN (SELECT * FROM months m WHERE m.statement_id = h.id) m USING (month)
            WHERE (coalesce(l.sessions, 0), coalesce(l.energy_wh, 0), coalesce(l.net, 0))
                <> (coalesce(m.sessions, 0), coalesce(m.energy_wh, 0), coalesce(m.net, 0))) THEN 'sessions'
        WHEN (SELECT (coalesce(sum(m.sessions), 0), coalesce(sum(m.energy_wh), 0), coalesce(sum(m.net), 0),
                coalesce(sum(m.amount), 0)) FROM months m WHERE m.statement_id = h.id)
            IS DISTINCT FROM (h.sessions::bigint, h.energy_wh::numeric, h.net, h.amount) THEN 'months'
        END AS fault
    FROM closed h
)
SELECT id, fault FROM judged WHERE fault IS NOT NULL ORDER BY id
"""
