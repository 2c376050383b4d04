"""What each database role may do with each table, as its floor's registers say.

The app role may everything with every table, less what is declared here; the reader may read everything but what
opens doors; the roles of the platform and of the gateway may exactly what is declared. `grant` makes it so after every
migration.
"""

from collections.abc import Iterable
from typing import Any, Final

from django.db import connection, models, transaction  # noqa: TID251  # grants change together

from tenants.rls import APP, GATEWAY, PLATFORM, READER

EVERYTHING: Final = "SELECT, INSERT, UPDATE, DELETE"
#: What of an operator only the platform decides: the app role changes every column but these, and no rows.
DECIDED_BY_PLATFORM: Final = ["id", "slug", "state"]

Model = type[models.Model]
#: By table. In brackets the columns a right is limited to.
PLATFORM_MAY: dict[str, str] = {}
GATEWAY_MAY: dict[str, str] = {}
#: What opens doors: of no use in a report, so the reader role does not get it.
SECRETS: list[str] = []
#: Rows that are only ever added: no role may change them, and a trigger stops everybody else.
APPEND_ONLY: list[str] = []
#: Rows the app role only adds: neither it nor the reader reads them.
_APP_ONLY_ADDS: list[str] = []
#: Rows of which the app role writes these columns and no others; it adds and removes none.
_APP_CHANGES_ONLY: dict[str, list[str]] = {}


def platform_may(model: Model, rights: str, *, columns: Iterable[str] = ()) -> None:
    """Let the platform's process do this with the table; with `columns`, read these alone and do the rest in full."""
    if columns:
        rights = rights.replace("SELECT", f"SELECT ({', '.join(columns)})")
    PLATFORM_MAY[model._meta.db_table] = rights


def platform_counts(model: Model, *columns: str) -> None:
    """Let the platform's process count work of this kind that stands still, and read no more of it."""
    platform_may(model, "SELECT", columns=["id", "operator_id", *columns, "state", "leased_until", "queued_at"])


def gateway_may(model: Model, rights: str) -> None:
    """Let the process that stations connect to do this with the table, in the scope of one operator at a time."""
    GATEWAY_MAY[model._meta.db_table] = rights


def opens_doors(*kinds: Model) -> None:
    """Keep the tables from the reader."""
    SECRETS.extend(model._meta.db_table for model in kinds)


def only_added_to(*kinds: Model) -> None:
    """Let nobody change or remove a row of these tables."""
    APPEND_ONLY.extend(model._meta.db_table for model in kinds)


def app_only_adds(model: Model) -> None:
    """Let the app role add rows to the table and read none."""
    _APP_ONLY_ADDS.append(model._meta.db_table)


def app_changes_only(model: Model, *columns: str) -> None:
    """Let the app role read the table and change these columns; without any, read it and no more."""
    _APP_CHANGES_ONLY[model._meta.db_table] = list(columns)


def grant(**_: Any) -> None:
    """Give each role what it needs on the tables as they are now; runs after every migration."""
    statements = f"""
    GRANT USAGE ON SCHEMA public TO {APP}, {READER}, {PLATFORM}, {GATEWAY};
    GRANT {EVERYTHING} ON ALL TABLES IN SCHEMA public TO {APP};
    GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {APP};
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER};
    REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {APP};
    REVOKE INSERT, UPDATE, DELETE ON tenants_operator FROM {APP};
    REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {PLATFORM}, {GATEWAY};
    REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {PLATFORM}, {GATEWAY};
    REVOKE ALL ON auditlog_logentry FROM {APP}, {READER}, {PLATFORM};  -- the library's own table; ours replaces it
    """  # noqa: S608  # the roles are constants
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, pg_has_role(current_user, tableowner, 'USAGE') FROM pg_tables "
            "WHERE schemaname = 'public' AND tablename = 'tenants_operator'"
        )
        row = cursor.fetchone()
        if row is None or not row[1]:
            return
        cursor.execute(statements)
        cursor.execute(f"GRANT UPDATE ({_columns_of_owners(cursor)}) ON tenants_operator TO {APP}")
        for statement in _declared(cursor):
            cursor.execute(statement)


def _declared(cursor: Any) -> Iterable[str]:
    """The statements of what is declared, for those of the tables that the migrations have made by now."""
    for table in _present(cursor, PLATFORM_MAY):
        yield f"GRANT {PLATFORM_MAY[table]} ON {table} TO {PLATFORM}"
    for table in _present(cursor, GATEWAY_MAY):
        yield f"GRANT {GATEWAY_MAY[table]} ON {table} TO {GATEWAY}"
    for table in _present(cursor, _APP_CHANGES_ONLY):
        yield f"REVOKE INSERT, UPDATE, DELETE ON {table} FROM {APP}"
        if columns := _APP_CHANGES_ONLY[table]:
            yield f"GRANT UPDATE ({', '.join(columns)}) ON {table} TO {APP}"
    for table in _present(cursor, _APP_ONLY_ADDS):
        yield f"REVOKE SELECT, UPDATE, DELETE ON {table} FROM {APP}"
        yield f"GRANT SELECT (id) ON {table} TO {APP}"  # an insertion returns it
    for table in _present(cursor, APPEND_ONLY):
        yield f"REVOKE UPDATE, DELETE ON {table} FROM {APP}, {PLATFORM}"
    for table in _present(cursor, SECRETS):
        yield f"REVOKE SELECT ON {table} FROM {READER}"  # noqa: S608  # names of our own


def _present(cursor: Any, tables: Iterable[str]) -> list[str]:
    cursor.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename = ANY(%s) ORDER BY tablename",
        [list(tables)],
    )
    return [table for (table,) in cursor.fetchall()]


def _columns_of_owners(cursor: Any) -> str:
    """Return the operator's columns that its own people may change, also those a later migration adds."""
    cursor.execute(
        "SELECT quote_ident(column_name) FROM information_schema.columns WHERE table_schema = 'public'"
        " AND table_name = 'tenants_operator' AND NOT column_name = ANY(%s)",
        [DECIDED_BY_PLATFORM],
    )
    return ", ".join(column for (column,) in cursor.fetchall())
