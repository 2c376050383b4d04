"""What can only be seen when all chunks of a file are stored: sessions that overlap across chunks and files."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import polars as pl
from django.db import connection
from django.db.models import Max

from charging.domain.limits import Limits
from charging.domain.local_time import UTC_TIME
from charging.domain.reasons import Flag
from charging.ingest.staging import Origin
from charging.models import ChargingSession

LOOK_BACK = timedelta(days=1)
# What the import has just brought is its own; its sessions that were there before (when rows are mended) count as
# those of others do, as they may have been billed since. Of two that overlap the later one is flagged. Where that one
# was there before, the import's own is: the same charge, told by another source whose clock is a little behind. Both
# look back, the second from the end: of what follows, the least would be looked for anew at each session. What a
# station did not say where it was, and nobody has decided on, is only put at its first outlet and takes it from nobody.
_OVERLAPS = """
    SELECT id FROM (
        SELECT id, file_import_id, started_at, flags, review, max(ended_at) FILTER (
            WHERE NOT (review = 'pending' AND %(only_put)s = ANY(flags))
        ) OVER (
            PARTITION BY connector_id ORDER BY started_at, ended_at, id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS taken_until, min(started_at) FILTER (
            WHERE (file_import_id IS DISTINCT FROM %(file_import)s OR id <= %(after)s) AND review <> 'written_off'
                AND ended_at > started_at + make_interval(secs => %(slack)s)
                AND NOT (review = 'pending' AND %(only_put)s = ANY(flags))
        ) OVER (
            PARTITION BY connector_id ORDER BY started_at DESC, ended_at DESC, id DESC
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS taken_from, ended_at
        FROM charging_chargingsession
        WHERE operator_id = %(operator)s AND connector_id = ANY(%(connectors)s)
            AND started_at >= %(first)s AND started_at <= %(last)s
    ) neighbours
    WHERE file_import_id = %(file_import)s AND id > %(after)s
        AND review IN ('', 'pending') AND NOT (%(flag)s = ANY(flags))
        AND (taken_until > started_at + make_interval(secs => %(slack)s)
            OR taken_from < ended_at - make_interval(secs => %(slack)s))
"""
# One charge told by two sources that call its outlet otherwise, or of which one does not know it: the same driver or
# card begins, ends and gets as much at the station. Of one source they are two charges: a card may start two. OFFSET 0
# has the station looked up once a session: in a join the times would be no condition of its index under row security,
# and each session would be held against all that the station ever had.
_TWICE = """
    SELECT t.id FROM charging_chargingsession t
    WHERE t.operator_id = %(operator)s AND t.file_import_id = %(file_import)s AND t.id > %(after)s
        AND t.started_at >= %(begun)s AND t.started_at <= %(last)s
        AND t.review IN ('', 'pending') AND NOT (%(flag)s = ANY(t.flags)) AND EXISTS (
            SELECT FROM charging_chargingsession o
            WHERE o.station_id = t.station_id
                AND coalesce(o.driver_id, -o.token_id) = coalesce(t.driver_id, -t.token_id)
                AND o.source <> t.source AND o.review <> 'written_off'
                AND o.started_at BETWEEN t.started_at - make_interval(secs => %(twice)s)
                    AND t.started_at + make_interval(secs => %(twice)s)
                AND o.ended_at BETWEEN t.ended_at - make_interval(secs => %(twice)s)
                    AND t.ended_at + make_interval(secs => %(twice)s)
                AND abs(o.energy_wh - t.energy_wh) <= greatest(%(twice_wh)s, t.energy_wh * %(twice_percent)s / 100)
            OFFSET 0)
"""
_FLAG = """
    UPDATE charging_chargingsession SET flags = array_append(flags, %(flag)s), review = 'pending'
    WHERE operator_id = %(operator)s AND id = ANY(%(ids)s)
    RETURNING cardinality(flags)
"""


_HULLS: dict[str, pl.DataType | type[pl.DataType]] = {"connector_id": pl.Int64, "first": UTC_TIME, "last": UTC_TIME}


@dataclass(slots=True)
class Reach:
    """What an import touched; grows with the connectors, not with the rows.

    hulls: from the first start to the last end of each connector so far. crossing: whether a chunk reached into the
    hull of earlier ones, so that sessions of two chunks may overlap. A file in the order of time never does.
    before: from the first start to the last end of all sessions there were when the import began.
    after: sessions of the import up to this id were there before, and are not its own any more.
    """

    after: int = 0
    before: tuple[datetime, datetime] | None = None
    crossing: bool = False
    hulls: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_HULLS))

    def add(self, sessions: pl.DataFrame) -> None:
        """Add a chunk's sessions."""
        chunk = sessions.group_by("connector_id").agg(
            pl.col("started_at").min().alias("first"), pl.col("ended_at").max().alias("last")
        )
        both = chunk.join(self.hulls, on="connector_id")
        crossing = (pl.col("first") < pl.col("last_right")) & (pl.col("last") > pl.col("first_right"))
        self.crossing = self.crossing or not both.filter(crossing).is_empty()
        self.hulls = (
            pl.concat([self.hulls, chunk]).group_by("connector_id").agg(pl.col("first").min(), pl.col("last").max())
        )

    @property
    def hull(self) -> tuple[datetime, datetime] | None:
        """From the first start to the last end of the whole import."""
        if self.hulls.is_empty():
            return None
        first, last = self.hulls.select(pl.col("first").min(), pl.col("last").max()).row(0)
        return first, last

    @property
    def may_overlap(self) -> bool:
        """Whether sessions of the import may overlap others than those of their own chunk."""
        hull, before = self.hull, self.before
        meets = hull is not None and before is not None and hull[0] < before[1] and hull[1] > before[0]
        return self.crossing or meets


def reach_before(operator_id: int) -> Reach:
    """Return the reach of an import that begins now: what it may meet is what is there."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(started_at), max(ended_at) FROM charging_chargingsession WHERE operator_id = %s", [operator_id]
        )
        first, last = cursor.fetchone()
    return Reach(before=(first, last) if first and last else None)


def reach_of(origin: Origin) -> Reach:
    """Return the reach of the stored chunks of an import, for one that goes on after a restart."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT connector_id, min(started_at), max(ended_at) FROM charging_chargingsession"
            " WHERE operator_id = %s AND file_import_id = %s GROUP BY connector_id",
            [origin.operator_id, origin.file_import_id],
        )
        return Reach(crossing=True, hulls=pl.DataFrame(cursor.fetchall(), schema=_HULLS, orient="row"))


def reach_among(origin: Origin, sessions: pl.DataFrame) -> Reach:
    """Return the reach of sessions that are to be added to an import that is done; the caller holds it."""
    reach = Reach(crossing=True)
    reach.add(sessions)
    if hull := reach.hull:
        rows = ChargingSession.objects.filter(
            file_import=origin.file_import_id, started_at__range=(hull[0] - LOOK_BACK, hull[1])
        )
        reach.after = rows.aggregate(newest=Max("pk"))["newest"] or 0
    return reach


def flag_overlaps(origin: Origin, reach: Reach, *, limits: Limits) -> int:
    """Flag sessions of the import that start while another one holds the connector, or hold it as one of others starts.

    Also those of which another source has told as of another outlet of the station.

    Returns how many had no flag yet.

    Looks a day back from the import's first session: a session that runs longer has a flag of its own.
    """
    hull = reach.hull
    if hull is None or not reach.may_overlap:
        return 0
    facts: dict[str, Any] = {
        "operator": origin.operator_id,
        "file_import": origin.file_import_id,
        "after": reach.after,
        "connectors": reach.hulls["connector_id"].to_list(),
        "first": hull[0] - LOOK_BACK,
        "begun": hull[0],
        "last": hull[1],
        "slack": limits.overlap_s,
        "twice": limits.twice_s,
        "twice_wh": limits.twice_wh,
        "twice_percent": limits.twice_percent,
        "flag": Flag.OVERLAP.value,
        "only_put": Flag.OUTLET_MISSING.value,
    }
    with connection.cursor() as cursor:
        # What is found is flagged in a step of its own: right after an import the planner knows nothing of its rows,
        # and would join them badly with what was found.
        cursor.execute(_OVERLAPS, facts)
        found = {row for (row,) in cursor.fetchall()}
        cursor.execute(_TWICE, facts)
        facts["ids"] = sorted(found.union(row for (row,) in cursor.fetchall()))
        if not facts["ids"]:
            return 0
        cursor.execute(_FLAG, facts)
        return sum(1 for (flags,) in cursor.fetchall() if flags == 1)
