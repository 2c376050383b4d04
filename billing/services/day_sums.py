"""Counts the days and months anew whose sums are no longer true (`billing.models.day_sum`, `month_sum`).

A mark and the change that made it become visible together, so whoever takes a mark away sees the change: the day is
counted after its marks are gone, in the same transaction. What changes meanwhile leaves a mark of its own. The newest
days come first, as people look at them.
"""

from typing import Any

from django.db import connection

from billing.selectors import day_sums
from billing.sql.day_sums import count_days
from billing.sql.month_sums import COUNT_MONTHS
from charging.site_scope import limited_to
from tenants.models import Operator
from tenants.scoping import current_operator_id

DAYS_AT_ONCE = 31
MONTHS_AT_ONCE = 2
_DAYS_CLASS, _MONTHS_CLASS = 0x57_4C_03, 0x57_4C_04

_TAKE = """
DELETE FROM billing_staleday WHERE operator_id = %(operator)s AND started_on IN (
    SELECT DISTINCT started_on FROM billing_staleday WHERE operator_id = %(operator)s AND started_on IS NOT NULL
    ORDER BY started_on DESC LIMIT %(limit)s)
RETURNING started_on
"""
_SPREAD = """
WITH all_of_them AS (
    DELETE FROM billing_staleday WHERE operator_id = %(operator)s AND started_on IS NULL RETURNING id
), bounds AS (
    SELECT least(s.first, h.first) AS first, greatest(s.last, h.last) AS last
    FROM (SELECT min(started_at) AS first, max(started_at) AS last FROM charging_chargingsession
          WHERE operator_id = %(operator)s) s,
         (SELECT min(began) AS first, max(began) AS last FROM billing_pasthour WHERE operator_id = %(operator)s) h
)
INSERT INTO billing_staleday (operator_id, started_on)
SELECT %(operator)s, d::date FROM bounds
CROSS JOIN generate_series(first::date - 1, last::date + 1, interval '1 day') d
WHERE EXISTS (SELECT 1 FROM all_of_them)
"""
_TAKE_MONTHS = """
DELETE FROM billing_stalemonth WHERE operator_id = %(operator)s AND month IN (
    SELECT DISTINCT month FROM billing_stalemonth WHERE operator_id = %(operator)s ORDER BY month DESC LIMIT %(limit)s)
RETURNING month
"""


@limited_to(None)
def refresh(*, limit: int = DAYS_AT_ONCE) -> int:
    """Count up to `limit` stale days in the open scope; return how many. One worker at a time for an operator."""
    operator = Operator.objects.get(pk=current_operator_id())
    values: dict[str, Any] = {"operator": operator.pk, "zone": operator.time_zone, "limit": limit}
    with connection.cursor() as cursor:
        if not _is_alone(cursor, _DAYS_CLASS):
            return 0
        if day_sums.stale_days() is None:
            cursor.execute("DELETE FROM billing_daysum WHERE operator_id = %(operator)s", values)
            cursor.execute(_SPREAD, values)
        cursor.execute(_TAKE, values)
        days = sorted({row[0] for row in cursor.fetchall()})
        if days:
            cursor.execute("DELETE FROM billing_daysum WHERE operator_id = %s AND started_on = ANY(%s)",
                           [operator.pk, days])  # fmt: skip
            bounds = day_sums.instants(days, operator.zone)
            cursor.execute(count_days(len(bounds["since"])), {**values, **bounds})
    return len(days)


def refresh_months(*, limit: int = MONTHS_AT_ONCE) -> int:
    """Count up to `limit` stale months in the open scope; return how many. One worker at a time for an operator."""
    values: dict[str, Any] = {"operator": current_operator_id(), "limit": limit}
    with connection.cursor() as cursor:
        if not _is_alone(cursor, _MONTHS_CLASS):
            return 0
        cursor.execute(_TAKE_MONTHS, values)
        months = sorted({row[0] for row in cursor.fetchall()})
        if months:
            values["months"] = months
            cursor.execute("DELETE FROM billing_monthsum WHERE operator_id = %(operator)s AND month = ANY(%(months)s)",
                           values)  # fmt: skip
            cursor.execute(COUNT_MONTHS, values)
    return len(months)


def _is_alone(cursor: Any, work: int) -> bool:
    cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [work, current_operator_id() & 0x7FFFFFFF])
    return bool(cursor.fetchone()[0])
