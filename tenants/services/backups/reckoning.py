"""Every table reckoned up: its rows, the sums of its numbers, and a fingerprint of all that stands in it.

Made from the catalogue of the database, so that no table and no column of money or Wh can be left out. The sums are
for people to compare; the fingerprint (the sum of 60 bits of each row's MD5, as PostgreSQL writes the row) differs
if any value of any row does, whatever the order of the rows. It guards against loss, not against forgers: those are
kept out by the signature over the whole.
"""

from dataclasses import dataclass
from typing import Any, Self

from django.db import connection
from django.db.backends.utils import CursorWrapper

from tenants.services.backups.programs import WITHOUT_ROWS

#: Written the same way whatever the connection, or a fingerprint would differ by it.
_ONE_WAY = """
SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'postgres';
SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'; SET LOCAL row_security = off
"""
_TABLES = """
SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
AND c.relname <> ALL(%s) ORDER BY c.relname
"""
#: Numbers that count something: no keys, and no fractions of floating point, whose sum hangs on the order.
_NUMBERS = """
SELECT a.attname, t.typcategory = 'A' FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped
AND t.typname IN ('int2', 'int4', 'int8', 'numeric', '_int2', '_int4', '_int8', '_numeric')
AND a.attname <> 'id' AND a.attname !~ '_ids?$' ORDER BY a.attname
"""
_SUM_OF_ARRAY = "(SELECT sum(each) FROM unnest({}) each)"
_FINGERPRINT = """coalesce(sum(('x' || left(md5("the row"::text), 15))::bit(60)::bigint), 0)"""


@dataclass(frozen=True, slots=True)
class Reckoned:
    """One table. sums: by column, exact, as text: öre, Wh, seconds, whatever the column counts."""

    rows: int
    sums: dict[str, str]
    fingerprint: str

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> Self:
        """Return what `dataclasses.asdict` wrote."""
        return cls(int(said["rows"]), {str(k): str(v) for k, v in said["sums"].items()}, str(said["fingerprint"]))


def reckon() -> dict[str, Reckoned]:
    """Reckon up every table, in the caller's transaction. One pass over each; nothing is held in memory."""
    with connection.cursor() as cursor:
        cursor.execute(_ONE_WAY)
        cursor.execute(_TABLES, [list(WITHOUT_ROWS)])
        return {table: _reckon(cursor, table) for (table,) in cursor.fetchall()}


def _reckon(cursor: CursorWrapper, table: str) -> Reckoned:
    quoted = connection.ops.quote_name(table)
    cursor.execute(_NUMBERS, [quoted])
    columns = cursor.fetchall()
    sums = "".join(f", coalesce({_sum(connection.ops.quote_name(name), is_array)}, 0)" for name, is_array in columns)
    cursor.execute(f'SELECT count(*), {_FINGERPRINT}{sums} FROM {quoted} "the row"')  # noqa: S608  # names of tables and columns
    rows, fingerprint, *found = cursor.fetchone()
    return Reckoned(rows, {name: str(each) for (name, _), each in zip(columns, found, strict=True)}, str(fingerprint))


def _sum(column: str, is_array: bool) -> str:  # noqa: FBT001
    return f"sum({_SUM_OF_ARRAY.format(column)})" if is_array else f"sum({column})"
