"""What can only be seen when all chunks of a file are stored: sessions that overlap across chunks and files."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl
from django.db import connection

from charging.domain.plausibility import Limits
from charging.domain.reasons import Flag
from charging.ingest.staging import Origin
from charging.models import ChargingSession
from tenants import statistics

LOOK_BACK = timedelta(days=1)
_OVERLAPS = """
    SELECT id FROM (
        SELECT id, file_import_id, started_at, flags, review, max(ended_at) OVER (
            PARTITION BY connector_id ORDER BY started_at, ended_at, id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS taken_until
        FROM charging_chargingsession
        WHERE operator_id = %(operator)s AND connector_id = ANY(%(connectors)s)
            AND started_at >= %(first)s AND started_at <= %(last)s
    ) neighbours
    WHERE file_import_id = %(file_import)s AND review IN ('', 'pending') AND NOT (%(flag)s = ANY(flags))
        AND taken_until > started_at + make_interval(secs => %(slack)s)
"""
_FLAG = """
    UPDATE charging_chargingsession SET flags = array_append(flags, %(flag)s), review = 'pending'
    WHERE operator_id = %(operator)s AND id = ANY(%(ids)s)
    RETURNING cardinality(flags)
"""


@dataclass(slots=True)
class Reach:
    """Which connectors and which time an import touched; grows chunk by chunk, not with the rows."""

    connectors: set[int]
    first: datetime | None = None
    last: datetime | None = None

    def add(self, sessions: pl.DataFrame) -> None:
        """Add a chunk's sessions."""
        if not sessions.height:
            return
        self.connectors.update(sessions["connector_id"].unique())
        earliest, latest = sessions["started_at"].min(), sessions["started_at"].max()
        self.first = earliest if self.first is None else min(self.first, earliest)  # type: ignore[assignment,type-var]
        self.last = latest if self.last is None else max(self.last, latest)  # type: ignore[assignment,type-var]


def reach_of(origin: Origin) -> Reach:
    """Return what the stored chunks of an import touched, for one that goes on after a restart."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT array_agg(DISTINCT connector_id), min(started_at), max(started_at) FROM charging_chargingsession"
            " WHERE operator_id = %s AND file_import_id = %s",
            [origin.operator_id, origin.file_import_id],
        )
        connectors, first, last = cursor.fetchone()
    return Reach(set(connectors or ()), first, last)


def flag_overlaps(origin: Origin, reach: Reach, *, limits: Limits) -> int:
    """Flag sessions of the import that start while another one holds the connector. Returns how many had no flag yet.

    Looks a day back from the import's first session: a session that runs longer has a flag of its own.
    """
    if reach.first is None:
        return 0
    facts = {
        "operator": origin.operator_id,
        "file_import": origin.file_import_id,
        "connectors": sorted(reach.connectors),
        "first": reach.first - LOOK_BACK,
        "last": reach.last,
        "slack": limits.overlap_s,
        "flag": Flag.OVERLAP.value,
    }
    with connection.cursor() as cursor:
        # In two steps, as right after an import the planner knows nothing of its rows and would join them badly.
        cursor.execute(_OVERLAPS, facts)
        facts["ids"] = [found for (found,) in cursor.fetchall()]
        if not facts["ids"]:
            return 0
        cursor.execute(_FLAG, facts)
        return sum(1 for (flags,) in cursor.fetchall() if flags == 1)
