"""Lets tests act as the app role, so that a test sees exactly the rows and rights the running portal has.

The owner of the tables builds the test database; from `begin` on every connection is the app role,
except while tables are emptied between two tests with real transactions.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.db.backends.signals import connection_created

from tenants.rls import APP, PLATFORM

_FLUSH = type(connection.ops).execute_sql_flush
# Append-only tables refuse the TRUNCATE between two tests with real transactions.
_TABLES_THAT_REFUSE = "SELECT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal AND tgtype & 32 <> 0"


def begin() -> None:
    """Make every connection from now on the app role. Needs access to the database."""
    connection_created.connect(_act_as_app, weak=False, dispatch_uid="act_as_app")
    type(connection.ops).execute_sql_flush = _flush_as_owner  # type: ignore[method-assign,assignment]
    connection.close()


def end() -> None:
    """Be the owner again."""
    connection_created.disconnect(dispatch_uid="act_as_app")
    type(connection.ops).execute_sql_flush = _FLUSH  # type: ignore[method-assign]
    connection.close()


@contextmanager
def as_platform() -> Iterator[None]:
    """Act as the platform's role for a while, as its own process does: to create operators, for one.

    A failure rolls the block back, and the role with it.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {PLATFORM}")
        yield
        cursor.execute(f"SET ROLE {APP}")


def _act_as_app(connection: Any, **_: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {APP}")


def _flush_as_owner(self: Any, sql_list: list[str]) -> Any:
    with self.connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute(_TABLES_THAT_REFUSE)
        guarded = [table for (table,) in cursor.fetchall()]
    try:
        # CASCADE reaches django-auditlog's own table, which no model of ours stands for.
        truncations = [statement.replace(";", " CASCADE;") for statement in sql_list]
        return _FLUSH(self, [*_switched("DISABLE", guarded), *truncations, *_switched("ENABLE", guarded)])
    finally:
        _act_as_app(self.connection)


def _switched(state: str, tables: list[str]) -> list[str]:
    return [f"ALTER TABLE {table} {state} TRIGGER USER" for table in tables]
