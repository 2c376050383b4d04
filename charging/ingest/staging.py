"""Columns into the database: COPY into a temporary table, then one INSERT under row security.

PostgreSQL refuses COPY into a table with row security, and rightly so. The temporary table belongs to the connection
and goes with the transaction; the INSERT passes the policies, the references and the constraints like any other.
"""

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl
from django.db import IntegrityError, connection

from charging.domain.reasons import SETTLING, Reject
from charging.ingest import cell_marks
from charging.ingest.convert import Refused
from charging.ingest.identity import told_apart
from charging.ingest.sizes import SIZES
from charging.models import RejectedRow
from charging.models.file_import import of_import
from tenants.bounds import tidy
from tenants.scoping import tenant_scope

_COLUMNS = {
    "line": "bigint",
    "public_id": "uuid",
    "external_id": 'text COLLATE "C"',
    "given_id": 'text COLLATE "C"',
    "site_id": "bigint",
    "station_id": "bigint",
    "connector_id": "bigint",
    "token_id": "bigint",
    "driver_id": "bigint",
    "started_at": "timestamptz",
    "ended_at": "timestamptz",
    "charging_ended_at": "timestamptz",
    "energy_wh": "bigint",
    "meter_start_wh": "bigint",
    "series_start": "timestamptz",
    "series_interval_s": "integer",
    "series_wh": "integer[]",
    "stop_reason": "text",
    "flags": "text[]",
}
_FACTS = ", ".join(name for name in _COLUMNS if name not in {"line", "given_id"})
#: What a row says of a session, by the names it uses: kept where a session is known otherwise, to be decided on.
FACTS = (
    "external_id", "site", "station", "connector", "token", "started_at", "ended_at", "charging_ended_at", "energy_wh",
    "meter_start_wh", "series_start", "series_interval_s", "series_wh", "stop_reason",
)  # fmt: skip
_STAGE = "CREATE TEMPORARY TABLE IF NOT EXISTS staged_sessions ({}) ON COMMIT DROP; TRUNCATE staged_sessions"
_INSERT = f"""
    INSERT INTO charging_chargingsession
        (operator_id, source, file_import_id, state, review, review_note, created_at, {_FACTS})
    SELECT %s, %s, %s, 'COMPLETED',
        CASE flags WHEN '{{}}' THEN '' WHEN '{{{SETTLING}}}' THEN 'written_off' ELSE 'pending' END, '', now(), {_FACTS}
    FROM staged_sessions
"""  # noqa: S608  # only names of columns
_ONLY_NEW = " ON CONFLICT (operator_id, source, external_id) DO NOTHING"
_NOT_INSERTED = """
    SELECT staged.line, known.id, known.file_import_id IS NOT DISTINCT FROM %(file_import_id)s,
        (known.started_at, known.ended_at, known.energy_wh, known.connector_id)
            IS DISTINCT FROM (staged.started_at, staged.ended_at, staged.energy_wh, staged.connector_id)
        OR (staged.token_id IS NOT NULL AND known.token_id IS DISTINCT FROM staged.token_id)
    FROM staged_sessions staged
    JOIN charging_chargingsession known
        ON known.operator_id = %(operator_id)s AND known.source = %(source)s AND known.external_id = staged.external_id
    WHERE known.public_id <> staged.public_id
"""
# A known session that a staged row says again: one id, one place, one start.
_SAME = """
    SELECT staged.line, known.id, known.file_import_id IS NOT DISTINCT FROM %(file_import_id)s,
        (known.ended_at, known.energy_wh) IS DISTINCT FROM (staged.ended_at, staged.energy_wh)
        OR (staged.token_id IS NOT NULL AND known.token_id IS DISTINCT FROM staged.token_id)
    FROM staged_sessions staged
    JOIN charging_chargingsession known
        ON known.operator_id = %(operator_id)s AND known.source = %(source)s
        AND known.external_id IN (staged.external_id, staged.given_id)
        AND known.connector_id = staged.connector_id AND known.started_at = staged.started_at
"""
# A known session that has the id of a staged row and is elsewhere or at another time; and whether both are sessions:
# neither place nor time agree, this import brought the other one too, or the file says the other one beside this.
_SAME_ID = """
    SELECT staged.line, known.file_import_id IS NOT DISTINCT FROM %(file_import_id)s
        OR (known.connector_id <> staged.connector_id AND known.started_at <> staged.started_at)
        OR EXISTS (SELECT FROM staged_sessions beside WHERE beside.given_id = staged.given_id
            AND beside.connector_id = known.connector_id AND beside.started_at = known.started_at)
    FROM staged_sessions staged
    JOIN charging_chargingsession known
        ON known.operator_id = %(operator_id)s AND known.source = %(source)s AND known.external_id = staged.external_id
    WHERE (known.connector_id, known.started_at) IS DISTINCT FROM (staged.connector_id, staged.started_at)
"""
_GIVE_IDS = """
    UPDATE staged_sessions staged SET external_id = own.external_id
    FROM unnest(%s::bigint[], %s::text[]) AS own (line, external_id) WHERE staged.line = own.line
"""
_STAGE_REFUSED = (
    "CREATE TEMPORARY TABLE IF NOT EXISTS staged_refused"
    " (line bigint, cells bytea, marks bigint[], reason text, reasons text[], energy_wh bigint, facts bytea)"
    " ON COMMIT DROP;"
    " TRUNCATE staged_refused"
)
_INSERT_REFUSED = """
    INSERT INTO charging_rejectedrow
        (operator_id, file_import_id, line_number, cells, marks, reason, reasons, energy_wh, facts, settled)
    SELECT %s, %s, line, cells, marks, reason, reasons, energy_wh, facts, '' FROM staged_refused
"""


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose sessions these are and where they come from."""

    operator_id: int
    source: str
    file_import_id: int


@dataclass(frozen=True, slots=True)
class NotInserted:
    """Lines whose session was there already, by why it is not new; of known ones with the session."""

    known: dict[int, int]
    refused: dict[int, Reject]

    @property
    def lines(self) -> list[int]:
        """All of them."""
        return [*self.known, *self.refused]


def insert_sessions(sessions: pl.DataFrame, origin: Origin) -> NotInserted:
    """Insert the sessions that are new and say which were not: known, known otherwise, or twice in the file.

    The caller's transaction is in the operator's scope. A file that was never seen takes the short way, a plain
    INSERT; only when that hits a known id is each row compared. An id that another session has too gets what tells
    the two apart added to it (`identity`).
    """
    with connection.cursor() as cursor:
        cursor.execute(_STAGE.format(", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())))
        _copy(cursor, sessions)
        facts: list[Any] = [origin.operator_id, origin.source, origin.file_import_id]
        if _all_new(cursor, facts, origin.operator_id):
            return NotInserted({}, {})
        found = _recognised(cursor, sessions, origin)
        if len(found.lines) == sessions.height:
            return found
        cursor.execute("DELETE FROM staged_sessions WHERE line = ANY(%s)", [found.lines])
        cursor.execute(_INSERT + _ONLY_NEW, facts)
        cursor.execute(_NOT_INSERTED, asdict(origin))
        late = _not_inserted(cursor.fetchall())
        return NotInserted(found.known | late.known, found.refused | late.refused)


def insert_refused(rows: Iterable[Refused], origin: Origin) -> None:
    """Keep refused rows with their line, their cells and their reasons. What they say is sealed."""
    key, *_older = cell_marks.keys(origin.operator_id, origin.file_import_id)
    told = [_refused(row, origin, key) for row in rows]  # before COPY, which lets nobody ask for a key meanwhile
    with connection.cursor() as cursor:
        cursor.execute(_STAGE_REFUSED)
        with cursor.copy("COPY staged_refused FROM STDIN") as copy:
            for each in told:
                copy.write_row(each)
        cursor.execute(_INSERT_REFUSED, [origin.operator_id, origin.file_import_id])


def _refused(row: Refused, origin: Origin, key: bytes) -> tuple[Any, ...]:
    cells = [tidy(cell[: SIZES.kept]) for cell in row.cells]
    codes = [reason.value for reason in row.reasons]
    said = _sealed("cells", cells, origin) or b"", cell_marks.marks(cells, key)
    return row.line, *said, codes[0], codes, row.energy_wh, _sealed("facts", row.facts, origin)


def _sealed(name: str, said: Any, origin: Origin) -> bytes | None:
    field: Any = RejectedRow._meta.get_field(name)
    sealed = field.sealed(said, of_import(origin.file_import_id))
    return sealed.box if sealed else None


def new_public_ids(count: int) -> pl.Series:
    """Return `count` UUIDs of version 7 as text, growing, so that their index grows at its end (RFC 9562, 6.2).

    The 12 bits after the time count up, and the time with them when they are full; 62 bits are random.
    """
    if not count:
        return pl.Series(dtype=pl.String)
    serial = np.arange(count, dtype=np.uint64)
    milliseconds = np.uint64(time.time_ns() // 1_000_000) + (serial >> np.uint64(12))
    high = (milliseconds << np.uint64(16)) | np.uint64(0x7000) | (serial & np.uint64(0xFFF))
    random = np.frombuffer(os.urandom(8 * count), dtype=np.uint64)
    low = (random & np.uint64(0x3FFF_FFFF_FFFF_FFFF)) | np.uint64(0x8000_0000_0000_0000)
    digits = np.stack([high, low], axis=1).astype(">u8").tobytes().hex()
    return pl.Series([digits[at : at + 32] for at in range(0, len(digits), 32)])


def _recognised(cursor: Any, sessions: pl.DataFrame, origin: Origin) -> NotInserted:
    """Return the rows whose session is there already; the others get an id that no other session has."""
    whose = asdict(origin)
    cursor.execute(_SAME, whose)
    same = cursor.fetchall()
    if len(same) == sessions.height:
        return _not_inserted(same)
    cursor.execute(_SAME_ID, whose)
    doubtful: dict[int, bool] = dict(cursor.fetchall())
    if doubtful:
        rows = sessions.filter(pl.col("line").is_in(list(doubtful)))
        cursor.execute(_GIVE_IDS, [rows["line"].to_list(), told_apart(rows).to_list()])
        cursor.execute(_SAME + " WHERE staged.line = ANY(%(doubtful)s)", whose | {"doubtful": list(doubtful)})
        same += cursor.fetchall()
    found = _not_inserted(same)
    changed = {line: Reject.CHANGED for line, another in doubtful.items() if not another and line not in found.lines}
    return NotInserted(found.known, found.refused | changed)


def _all_new(cursor: Any, facts: Sequence[Any], operator_id: int) -> bool:
    try:
        with tenant_scope(operator_id):  # nested: a savepoint
            cursor.execute(_INSERT, facts)
    except IntegrityError as problem:
        if "session_external_id_once" not in str(problem):
            raise
        return False
    return True


def _copy(cursor: Any, sessions: pl.DataFrame) -> None:
    rows = sessions.with_columns(
        public_id=new_public_ids(sessions.height),
        series_wh=_array("series_wh"),
        flags=_array("flags"),
    ).select(*_COLUMNS)
    content = rows.write_csv(include_header=False, datetime_format="%Y-%m-%d %H:%M:%S%.f+00", null_value="")
    with cursor.copy("COPY staged_sessions FROM STDIN (FORMAT csv)") as copy:
        copy.write(content)


def _array(name: str) -> pl.Expr:
    """Write a list as PostgreSQL does: `{1,2}`; null stays null."""
    joined = pl.col(name).cast(pl.List(pl.String)).list.join(",")
    return pl.when(pl.col(name).is_null()).then(None).otherwise("{" + joined + "}")


def _not_inserted(found: list[tuple[int, int, bool, bool]]) -> NotInserted:
    refused = {line: Reject.DUPLICATE_IN_FILE for line, _, same_import, _ in found if same_import}
    refused |= {line: Reject.CHANGED for line, _, same_import, changed in found if changed and not same_import}
    return NotInserted({line: session for line, session, _, _ in found if line not in refused}, refused)
