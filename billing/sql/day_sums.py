"""What a `DaySum` holds, as SQL: written by `billing.services.day_sums`, read by `billing.selectors.day_sums`."""

from typing import Final

from billing.sql.status import JOINED, STATUS

_KEYS: Final = f"""
    s.site_id, (s.started_at AT TIME ZONE %(zone)s)::date AS started_on,
    (s.ended_at AT TIME ZONE %(zone)s)::date AS ended_on, {STATUS} AS status,
    CASE WHEN p.state = 'problem' THEN p.problem ELSE '' END AS problem,
    CASE WHEN p.state <> 'problem' THEN p.currency ELSE '' END AS currency
"""
_SUMS: Final = """
    count(*) AS sessions, coalesce(sum(energy_wh), 0) AS energy_wh, coalesce(sum(duration_s), 0) AS duration_s,
    coalesce(sum(amount_excl_vat), 0) AS amount_excl_vat, coalesce(sum(amount_incl_vat), 0) AS amount_incl_vat
"""
#: The sums of the sessions that began from %(since)s to before %(until)s, in the columns of a `DaySum`.
LIVE: Final = f"""
SELECT site_id, started_on, ended_on, status, coalesce(problem, '') AS problem, coalesce(currency, '') AS currency,
    {_SUMS}
FROM (SELECT {_KEYS}, s.energy_wh, extract(epoch FROM s.ended_at - s.started_at)::bigint AS duration_s,
          p.amount_excl_vat, p.amount_incl_vat
      FROM unnest(%(since)s::timestamptz[], %(until)s::timestamptz[]) AS r(since, until)
      JOIN charging_chargingsession s
          ON s.operator_id = %(operator)s AND s.started_at >= r.since AND s.started_at < r.until {JOINED}) q
GROUP BY 1, 2, 3, 4, 5, 6
"""
COUNT_DAYS: Final = f"""
INSERT INTO billing_daysum (operator_id, site_id, started_on, ended_on, status, problem, currency, sessions, energy_wh,
    duration_s, amount_excl_vat, amount_incl_vat)
SELECT %(operator)s, l.* FROM ({LIVE}) l
"""
