"""Many rows read and written by their keys at once, as the reader of stations does it a thousand times a second.

Each is one statement, however many keys there are: PostgreSQL looks them up one by one in the index of the keys. Django
would write a list of hundreds of values, and its planner has read all that the operator has for them. The second wall
(`tenants.rls`) alone narrows these rows to the operator; a condition of ours beside it would have the planner take the
operator for the key.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeVar

import orjson
from django.db import connection, models
from django.db.models.base import ModelState

from tenants.scoping import current_operator_id

M = TypeVar("M", bound=models.Model)


class Columns(NamedTuple):
    """What is read of a model. names: the attributes; openings: where in a row something is to be made of the value."""

    names: tuple[str, ...]
    written: str
    openings: tuple[tuple[int, Any], ...]


@cache
def columns(model: type[models.Model], names: tuple[str, ...]) -> Columns:
    """Return how these fields of a model are asked for; all others are asked for when they are needed."""
    fields: list[Any] = [model._meta.get_field(name) for name in names]
    written = ", ".join(f"{model._meta.db_table}.{field.column}" for field in fields)
    openings = tuple((i, field.from_db_value) for i, field in enumerate(fields) if hasattr(field, "from_db_value"))
    return Columns(tuple(field.attname for field in fields), written, openings)


def by_key(
    model: type[M], key: str, wanted: Iterable[Any], names: tuple[str, ...], *, more: str = "", is_locked: bool = False
) -> list[M]:
    """Return the rows whose column `key` holds one of these values, by their ids; locked in that order if asked for.

    names: the fields that are read, with the first of them its id. more: what else must hold, in SQL.
    """
    values = list(wanted)
    if not values:
        return []
    table, of = model._meta.db_table, columns(model, names)
    kind = "text" if isinstance(values[0], str) else "bigint"
    return _made(
        model,
        of,
        f"SELECT {of.written} FROM unnest(%s::{kind}[]) AS wanted (key) JOIN {table} ON {table}.{key} = wanted.key"  # noqa: S608  # nosec
        f"{more and f' AND {more}'} ORDER BY {table}.id{f' FOR UPDATE OF {table}' if is_locked else ''}",
        [_array(values)],
    )


def _made(model: type[M], of: Columns, statement: str, given: Sequence[Any]) -> list[M]:
    """The rows as objects, as `Model.from_db` makes them, but without looking at each field of each again."""
    current_operator_id()  # the first wall: outside of a scope nothing is asked
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        rows = cursor.fetchall()
    made, alias = [], connection.alias
    for values in rows:
        row = model.__new__(model)
        held = row.__dict__
        held["_state"] = state = ModelState()
        state.adding, state.db = False, alias
        held.update(zip(of.names, values, strict=True))
        for i, opening in of.openings:
            held[of.names[i]] = opening(values[i], None, connection)
        made.append(row)
    return made


def asked(model: type[M], names: tuple[str, ...], statement: str, given: Sequence[Any]) -> list[M]:
    """Return the rows that a statement finds, which says `{columns}` where they are named."""
    of = columns(model, names)
    return _made(model, of, statement.replace("{columns}", of.written), given)


def _array(values: Sequence[Any]) -> Any:
    """Numbers as PostgreSQL writes a list of them: psycopg takes longer to look at each than PostgreSQL to find it."""
    return values if isinstance(values[0], str) else f"{{{','.join(map(str, values))}}}"


def write(rows: Iterable[models.Model], names: Sequence[str]) -> None:
    """Write these fields of rows, of one model, in one statement; none of them may be sealed."""
    stored = list(rows)
    if not stored:
        return
    meta = stored[0]._meta
    fields: list[Any] = [meta.get_field(name) for name in names]
    said = [{"id": row.pk} | {field.column: getattr(row, field.attname) for field in fields} for row in stored]
    kinds = "".join(f", {field.column} {field.db_type(connection)}" for field in fields)
    sets = ", ".join(f"{field.column} = said.{field.column}" for field in fields)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {meta.db_table} SET {sets}"  # noqa: S608  # nosec  # names of our own
            f" FROM json_to_recordset(%s) AS said (id bigint{kinds}) WHERE {meta.db_table}.id = said.id",
            [orjson.dumps(said).decode()],
        )
