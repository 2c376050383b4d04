"""Sessions that are kept no longer: which they are, and what is left of them (`billing.models.past_hour`)."""

from typing import Final

from billing.sql.status import JOINED, STATUS

#: A session `s` where nothing is left to do: settled without an invoice. What ever stood on one is kept with the books;
#: so is what was billed in place of another. While its file or a dispute is kept, it would be found again by that.
_MAY_GO: Final = f"""
{STATUS} = ANY(%(settled)s) AND (s.driver_id = ANY(%(held)s::bigint[])) IS NOT TRUE
AND NOT EXISTS (SELECT 1 FROM billing_billedsession l WHERE l.operator_id = s.operator_id AND l.session_id = s.id)
AND NOT EXISTS (SELECT 1 FROM charging_correction c
    WHERE c.operator_id = s.operator_id AND (c.replaced_by_id = s.id OR c.session_id = s.id AND c.state = 'open'))
AND NOT EXISTS (SELECT 1 FROM billing_dispute d WHERE d.operator_id = s.operator_id AND d.session_id = s.id)
AND NOT EXISTS (SELECT 1 FROM charging_fileimport f
    WHERE f.operator_id = s.operator_id AND f.id = s.file_import_id AND f.file <> '')
"""
#: Sums by day know at which sites and on which days there are some; of a day whose sums are not true it is not known.
#: Day by day, as each day that loses some is counted anew.
DUE: Final = f"""
WITH cells AS (
    SELECT site_id, started_on FROM billing_daysum
    WHERE operator_id = %(operator)s AND status = ANY(%(settled)s) AND NOT is_past AND ended_on <= %(last)s
    UNION
    SELECT a.id, m.started_on FROM billing_staleday m JOIN charging_site a ON a.operator_id = m.operator_id
    WHERE m.operator_id = %(operator)s AND m.started_on <= %(last)s
)
SELECT due.id FROM (SELECT * FROM cells ORDER BY started_on, site_id) cells CROSS JOIN LATERAL (
    SELECT s.id FROM charging_chargingsession s {JOINED}
    WHERE s.operator_id = %(operator)s AND s.site_id = cells.site_id
      AND s.started_at >= cells.started_on::timestamp AT TIME ZONE %(zone)s
      AND s.started_at < (cells.started_on + 1)::timestamp AT TIME ZONE %(zone)s
      AND s.ended_at < %(before)s AND {_MAY_GO}) due
LIMIT %(most)s
"""  # constants only
STILL_DUE: Final = f"""
SELECT s.id FROM charging_chargingsession s {JOINED}
WHERE s.operator_id = %(operator)s AND s.id = ANY(%(ids)s) AND {_MAY_GO}
"""  # constants only
#: What is left of these sessions; what is known of an hour already is added to.
LEFT: Final = f"""
INSERT INTO billing_pasthour AS h (operator_id, site_id, began, ended_on, status, currency, sessions, energy_wh,
    duration_s, amount_excl_vat, amount_incl_vat)
SELECT s.operator_id, s.site_id, date_trunc('hour', s.started_at, %(zone)s), (s.ended_at AT TIME ZONE %(zone)s)::date,
    {STATUS}, CASE WHEN p.state <> 'problem' THEN p.currency ELSE '' END, count(*), coalesce(sum(s.energy_wh), 0),
    sum(extract(epoch FROM s.ended_at - s.started_at)::bigint), coalesce(sum(p.amount_excl_vat), 0),
    coalesce(sum(p.amount_incl_vat), 0)
FROM charging_chargingsession s {JOINED}
WHERE s.operator_id = %(operator)s AND s.id = ANY(%(ids)s) GROUP BY 1, 2, 3, 4, 5, 6
ON CONFLICT (operator_id, began, site_id, ended_on, status, currency) DO UPDATE SET
    sessions = h.sessions + excluded.sessions, energy_wh = h.energy_wh + excluded.energy_wh,
    duration_s = h.duration_s + excluded.duration_s,
    amount_excl_vat = h.amount_excl_vat + excluded.amount_excl_vat,
    amount_incl_vat = h.amount_incl_vat + excluded.amount_incl_vat
"""
#: What this floor and the one below say of each, down to itself.
GONE: Final = (
    "DELETE FROM billing_sessionprice WHERE operator_id = %(operator)s AND session_id = ANY(%(ids)s)",
    "DELETE FROM charging_correction WHERE operator_id = %(operator)s AND session_id = ANY(%(ids)s)",
    "DELETE FROM charging_chargingsession WHERE operator_id = %(operator)s AND id = ANY(%(ids)s)",
)
#: Of lines that say a site and a start, those of an hour of which sums alone are kept.
LINES: Final = """
SELECT said.line FROM unnest(%(lines)s::bigint[], %(sites)s::bigint[], %(starts)s::timestamptz[])
    AS said(line, site_id, start)
WHERE EXISTS (SELECT 1 FROM billing_pasthour h WHERE h.operator_id = %(operator)s AND h.site_id = said.site_id
    AND h.began <= said.start AND h.began > said.start - interval '1 hour')
"""
