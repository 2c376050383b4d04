"""What connectors usually gave before: the bound of those whose power nobody wrote down."""

import polars as pl
from django.db import connection

from charging.domain.limits import Limits
from charging.domain.plausibility import average_w
from tenants.scoping import tenant_scope

_LOOKED_AT = 30
_USUAL = """
    SELECT connectors.id, percentile_disc(0.8) WITHIN GROUP (ORDER BY earlier.watts)
    FROM charging_connector connectors
    CROSS JOIN LATERAL (
        SELECT sessions.energy_wh * 3600.0 / (extract(epoch FROM sessions.ended_at - sessions.started_at) + 60) AS watts
        FROM charging_chargingsession sessions
        WHERE sessions.station_id = connectors.station_id AND sessions.connector_id = connectors.id
            AND sessions.ended_at IS NOT NULL AND sessions.energy_wh > 0
            AND sessions.review IN ('', 'approved', 'energy_only')
        ORDER BY sessions.started_at DESC, sessions.id DESC LIMIT %(most)s
    ) earlier
    WHERE connectors.operator_id = %(operator)s AND connectors.id = ANY(%(connectors)s)
    GROUP BY connectors.id HAVING count(*) >= %(least)s
"""
_SCHEMA = {"connector_id": pl.Int64, "usual_w": pl.Float64}


def with_usual(placed: pl.DataFrame, limits: Limits, *, operator_id: int) -> pl.DataFrame:
    """Return the sessions with `usual_w`: null where the connector is known, has no history, or gives nothing much.

    Asks the database only about connectors of unknown power from which a session took more than an ordinary outlet
    gives.
    """
    doubtful = placed.filter(pl.col("max_power_w").is_null() & (average_w() > limits.usual_from_w))
    connectors = doubtful["connector_id"].drop_nulls().unique().to_list()
    usual = pl.DataFrame(_usual(connectors, limits, operator_id) if connectors else [], schema=_SCHEMA, orient="row")
    return placed.join(usual, on="connector_id", how="left", maintain_order="left")


def _usual(connectors: list[int], limits: Limits, operator_id: int) -> list[tuple[int, float]]:
    with tenant_scope(operator_id), connection.cursor() as cursor:
        cursor.execute(
            _USUAL,
            {"operator": operator_id, "connectors": connectors, "most": _LOOKED_AT, "least": limits.usual_of},
        )
        return [(pk, float(watts)) for pk, watts in cursor.fetchall()]
