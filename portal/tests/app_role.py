"""Lets tests act as the app role, so that a test sees exactly the rows and rights the running portal has.

The owner of the tables builds the test database; from `begin` on every connection is the app role,
except while tables are emptied between two tests with real transactions.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.commands import flush
from django.db import connection, transaction
from django.db.backends.signals import connection_created

from tenants.rls import APP, PLATFORM

_FLUSH = type(connection.ops).execute_sql_flush
_TELL = flush.emit_post_migrate_signal  # type: ignore[attr-defined]  # imported there
#: What follows from the models alone. It stays, and with it everything that Django does after migrations has been done.
_OF_MODELS = ["django_migrations", "django_content_type", "auth_permission"]
#: The tables that hold rows: of more than a hundred and fifty a test fills twenty.
_FILLED = """
SELECT string_agg(format('SELECT %%L WHERE EXISTS (SELECT FROM %%I)', relname, relname), ' UNION ALL ')
FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> ALL(%s)
"""
#: Rows that were deleted leave their pages behind; of tables larger than this the pages go, too.
_LARGE = "SELECT relname FROM pg_class WHERE relname = ANY(%s) AND pg_relation_size(oid) > 1048576"


def begin() -> None:
    """Make every connection from now on the app role. Needs access to the database."""
    connection_created.connect(_act_as_app, weak=False, dispatch_uid="act_as_app")
    type(connection.ops).execute_sql_flush = _empty_as_owner  # type: ignore[method-assign,assignment]
    flush.emit_post_migrate_signal = lambda *_, **__: None  # type: ignore[attr-defined]
    connection.close()


def end() -> None:
    """Be the owner again."""
    connection_created.disconnect(dispatch_uid="act_as_app")
    type(connection.ops).execute_sql_flush = _FLUSH  # type: ignore[method-assign]
    flush.emit_post_migrate_signal = _TELL  # type: ignore[attr-defined]
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


def _empty_as_owner(self: Any, _: list[str]) -> None:
    """Delete all rows of the tables that have some, whatever guards them.

    Django would truncate every table at once, as each is reached from the operator, which takes a second.
    """
    with self.connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        try:
            cursor.execute(_FILLED, [_OF_MODELS])
            cursor.execute(cursor.fetchone()[0])
            filled = [table for (table,) in cursor.fetchall()]
            with transaction.atomic(using=self.connection.alias):
                _delete(cursor, filled)
            cursor.execute(_LARGE, [filled])
            for (table,) in cursor.fetchall():
                cursor.execute(f"VACUUM {table}")
        finally:
            _act_as_app(self.connection)


def _delete(cursor: Any, tables: list[str]) -> None:
    """Delete their rows in any order: references are looked at when all are gone, and triggers of ours do not fire."""
    cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    for table in tables:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    for table in tables:
        cursor.execute(f"DELETE FROM {table}")
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for table in tables:
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
