"""How entries are written for sealing, and which of them are settled: PostgreSQL has one way to write a value.

A stretch of the log is told by transactions and the entry above which its era begins (see `AuditSeal`).
"""

from typing import Any

from django.db import connection

from tenants.scoping import current_operator_id

TABLE = "tenants_auditentry"
#: How entries are written, by form: these columns as `jsonb` text. A new column of the log needs a new form.
FORMS: dict[int, tuple[str, ...]] = {
    1: (
        "id",
        "public_id",
        "operator_id",
        "timestamp",
        "actor_id",
        "actor_email",
        "task",
        "on_behalf_of",
        "api_key_id",
        "is_platform",
        "viewing_as",
        "event",
        "action",
        "content_type_id",
        "object_pk",
        "object_id",
        "object_repr",
        "changes",
        "changes_text",
        "serialized_data",
        "additional_data",
        "remote_addr",
        "remote_port",
        "user_agent",
        "cid",
        "xid",
    )
}
FORM = max(FORMS)

_STRETCH = "xid >= %s::text::xid8 AND (%s::text IS NULL OR xid < %s::text::xid8) AND id > %s"

_HORIZON = """
WITH here AS MATERIALIZED (SELECT pg_current_snapshot() AS seen), running AS MATERIALIZED (
    SELECT pg_snapshot_xip(seen) AS xid FROM here
)
SELECT coalesce((
    SELECT min(xid::text::bigint) FROM running WHERE NOT EXISTS (
        SELECT FROM pg_locks JOIN pg_stat_activity USING (pid)
        WHERE locktype = 'transactionid' AND mode = 'ExclusiveLock' AND transactionid = running.xid::xid
        AND datid <> (SELECT oid FROM pg_database WHERE datname = current_database())
    )
), (SELECT pg_snapshot_xmax(seen)::text::bigint FROM here))
"""


def horizon() -> int:
    """The transaction below which all are over: none can still add an entry.

    Of those that still run, one of another database on the server does not count: it is known by its lock, looked
    up after the list was made. One whose lock is not to be seen counts, whosever it is.
    """
    return int(_one(_HORIZON))


def last_of_batch(*, from_xid: int, below_xid: int | None, above_id: int, limit: int) -> int | None:
    """The transaction with which a batch of about `limit` entries ends; None when there is no entry.

    A transaction is never divided.
    """
    found = _one(
        f"SELECT max(xid)::text FROM (SELECT xid FROM {TABLE} WHERE operator_id = %s AND {_STRETCH}"  # noqa: S608
        " ORDER BY xid LIMIT %s) batch",
        [current_operator_id(), *_stretch(from_xid, below_xid, above_id), limit],
    )
    return None if found is None else int(found)


def written(
    *, form: int, from_xid: int, to_xid: int | None, above_id: int, up_to_id: int | None = None
) -> list[tuple[int, str]]:
    """The entries of a stretch as (id, text), in the order in which they are sealed.

    The text is made by PostgreSQL: `jsonb` has one way to write a value, with the keys in a fixed order.
    """
    statement = (
        f"SELECT id, jsonb_build_object({_pairs(form)})::text FROM {TABLE}"  # noqa: S608  # names of our own
        f" WHERE operator_id = %s AND {_STRETCH} AND (%s::bigint IS NULL OR id <= %s) ORDER BY id"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [current_operator_id(), *_stretch(from_xid, to_xid, above_id), up_to_id, up_to_id])
        found: list[tuple[int, str]] = cursor.fetchall()
        return found


def waiting_and_all(*, from_xid: int, above_id: int) -> tuple[int, int]:
    """How many entries wait for the next seal, and how many there are: of one moment, as one statement asks."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FILTER (WHERE {_STRETCH}), count(*) FROM {TABLE} WHERE operator_id = %s",  # noqa: S608
            [*_stretch(from_xid, None, above_id), current_operator_id()],
        )
        waiting, everything = cursor.fetchone()
        return waiting, everything


def _stretch(from_xid: int, to_xid: int | None, above_id: int) -> list[Any]:
    upper = None if to_xid is None else str(to_xid)
    return [str(from_xid), upper, upper, above_id]


def _pairs(form: int) -> str:
    # What JSON has no form for, and a time whatever the zone of the connection.
    cast = {
        "xid": "xid::text",
        "remote_addr": "host(remote_addr)",
        "timestamp": """to_char("timestamp" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""",
    }
    return ", ".join(f"'{name}', {cast.get(name, name)}" for name in FORMS[form])


def _one(statement: str, parameters: list[Any] | None = None) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or [])
        (value,) = cursor.fetchone()
        return value
