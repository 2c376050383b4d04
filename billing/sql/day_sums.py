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
    sum(sessions)::bigint AS sessions, coalesce(sum(energy_wh), 0) AS energy_wh,
    coalesce(sum(duration_s), 0) AS duration_s,
    coalesce(sum(amount_excl_vat), 0) AS amount_excl_vat, coalesce(sum(amount_incl_vat), 0) AS amount_incl_vat
"""
# What is kept one by one, and what is left of the rest.
_LIVE: Final = f"""
SELECT site_id, started_on, ended_on, status, coalesce(problem, '') AS problem, coalesce(currency, '') AS currency,
    is_past, {_SUMS}
FROM (SELECT {_KEYS}, false AS is_past, 1::bigint AS sessions, s.energy_wh,
          extract(epoch FROM s.ended_at - s.started_at)::bigint AS duration_s, p.amount_excl_vat, p.amount_incl_vat
      FROM charging_chargingsession s {JOINED} WHERE s.operator_id = %(operator)s AND ({{begun}})
      UNION ALL
      SELECT s.site_id, (s.began AT TIME ZONE %(zone)s)::date, s.ended_on, s.status, '', s.currency, true, s.sessions,
          s.energy_wh, s.duration_s, s.amount_excl_vat, s.amount_incl_vat
      FROM billing_pasthour s WHERE s.operator_id = %(operator)s AND ({{past}})) q
GROUP BY 1, 2, 3, 4, 5, 6, 7
"""
_COUNT_DAYS: Final = """
INSERT INTO billing_daysum (operator_id, site_id, started_on, ended_on, status, problem, currency, is_past, sessions,
    energy_wh, duration_s, amount_excl_vat, amount_incl_vat)
SELECT %(operator)s, l.* FROM ({live}) l
"""


def live(stretches: int) -> str:
    """The sums of what began from %(since)s to before %(until)s, in the columns of a `DaySum`.

    The bounds of each of so many stretches stand in the query, so that the planner knows how many sessions it reads.
    """
    return _LIVE.format(begun=_within("s.started_at", stretches), past=_within("s.began", stretches))


def _within(moment: str, stretches: int) -> str:
    return " OR ".join(
        f"{moment} >= (%(since)s::timestamptz[])[{at}] AND {moment} < (%(until)s::timestamptz[])[{at}]"
        for at in range(1, stretches + 1)
    )


def count_days(stretches: int) -> str:
    """Write what `live` says."""
    return _COUNT_DAYS.format(live=live(stretches))
