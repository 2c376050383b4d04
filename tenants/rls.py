"""The second wall: PostgreSQL itself shows a connection one operator's rows, or none.

Written as model constraints, so that `makemigrations` creates them and a model without them is
found by a test. Three kinds, all produced by `owned(…)`:

- `RowSecurity`: the policy. A bare comparison, nothing else: an `OR` or a function in it cost up to
  10,000 times the query time on five million rows.
- the unique pair (operator, id), which references can point to;
- `SameOperator`: a foreign key over (operator, reference), as a plain one accepts another operator's row;
- `SameOperatorInBulk`: the same promise for a table that is filled by the million, kept once a statement.

Roles: the owner migrates (and bypasses row security, as validating a foreign key under it accepts
orphans); the app role owns nothing and bypasses nothing; the reader reads; the platform role serves
the platform's own process. `grants(…)` runs after every migration.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, models, transaction  # noqa: TID251  # grants change together
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement, Table

CONDITION = "operator_id = NULLIF(current_setting('app.operator_id', true), '')::bigint"
# A trigger that reads a table to decide must not see it through the caller's row security, which a statement can move
# in the same breath, nor find a temporary table of the caller's in its place.
DEFINER = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
APP, READER, PLATFORM = "wattledger_app", "wattledger_reader", "wattledger_platform"


class PrivilegedRole(RuntimeError):
    """The process would run with a database role that can look past the walls."""


class _Deferred(models.BaseConstraint):
    """A constraint written when the migration ends, when everything it refers to exists."""

    def _statement(self, model: Any, schema_editor: Any) -> Statement:
        raise NotImplementedError

    def constraint_sql(self, model: Any, schema_editor: Any) -> Any:
        schema_editor.deferred_sql.append(self._statement(model, schema_editor))

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        schema_editor.deferred_sql.append(self._statement(model, schema_editor))

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """Leave the check to the database."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.deconstruct() == other.deconstruct()

    def __hash__(self) -> int:
        return hash((type(self), self.name))


class RowSecurity(_Deferred):
    """Row security on an owned table: rows of the current operator only, to read and to write."""

    def _statement(self, model: Any, schema_editor: Any) -> Statement:
        return Statement(
            "ALTER TABLE %(table)s ENABLE ROW LEVEL SECURITY; ALTER TABLE %(table)s FORCE ROW LEVEL SECURITY; "
            "CREATE POLICY %(name)s ON %(table)s USING (" + CONDITION + ") WITH CHECK (" + CONDITION + ")",
            table=Table(model._meta.db_table, schema_editor.quote_name),
            name=schema_editor.quote_name(self.name),
        )

    def remove_sql(self, model: Any, schema_editor: BaseDatabaseSchemaEditor | None) -> Any:
        return Statement(
            "DROP POLICY %(name)s ON %(table)s",
            table=Table(model._meta.db_table, schema_editor.quote_name),  # type: ignore[union-attr]
            name=schema_editor.quote_name(self.name),  # type: ignore[union-attr]
        )


class SameOperator(_Deferred):
    """A foreign key (operator, reference) -> (operator, id): the referred row is of the same operator."""

    def __init__(self, *, name: str, field: str) -> None:
        super().__init__(name=name)
        self.field = field

    def deconstruct(self) -> Any:
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, "field": self.field}

    def _statement(self, model: Any, schema_editor: Any) -> Statement:
        field = model._meta.get_field(self.field)
        return Statement(
            "ALTER TABLE %(table)s ADD CONSTRAINT %(name)s FOREIGN KEY (operator_id, %(column)s) "
            "REFERENCES %(to)s (operator_id, id) DEFERRABLE INITIALLY DEFERRED",
            table=Table(model._meta.db_table, schema_editor.quote_name),
            to=Table(field.related_model._meta.db_table, schema_editor.quote_name),
            column=schema_editor.quote_name(field.column),
            name=schema_editor.quote_name(self.name),
        )

    def remove_sql(self, model: Any, schema_editor: BaseDatabaseSchemaEditor | None) -> Any:
        return Statement(
            "ALTER TABLE %(table)s DROP CONSTRAINT %(name)s",
            table=Table(model._meta.db_table, schema_editor.quote_name),  # type: ignore[union-attr]
            name=schema_editor.quote_name(self.name),  # type: ignore[union-attr]
        )


class SameOperatorInBulk(models.BaseConstraint):
    """References (operator, reference) -> (operator, id), proved once a statement instead of once a row.

    PostgreSQL checks a foreign key row by row, 4 µs each; six of them cost more than everything else about a
    session that is imported. This constraint makes the same promise with triggers:

    - an INSERT locks every row it refers to against deletion, each once, and fails if one is missing or another
      operator's (`FOR KEY SHARE`, the lock a foreign key takes);
    - an UPDATE of a reference is checked row by row;
    - a referred row cannot be deleted, nor get another key, while something refers to it. The check runs after the
      deletion has its lock, so of a deletion and an insertion at the same time one waits and then fails.
    """

    def __init__(self, *, name: str, fields: Sequence[str]) -> None:
        super().__init__(name=name)
        self.fields = tuple(fields)

    def deconstruct(self) -> Any:
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, "fields": self.fields}

    def constraint_sql(self, model: Any, schema_editor: Any) -> Any:
        schema_editor.deferred_sql.append(self._creation(model))

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        schema_editor.deferred_sql.append(self._creation(model))

    def remove_sql(self, model: Any, schema_editor: Any) -> Any:
        functions = [f"{self.name}_insert", f"{self.name}_update"]
        functions += [f"{self.name}_{field}_kept" for field in self.fields]
        return ";".join(f"DROP FUNCTION {function} CASCADE" for function in functions)

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """Leave the check to the database."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.deconstruct() == other.deconstruct()

    def __hash__(self) -> int:
        return hash((type(self), self.name))

    def _creation(self, model: Any) -> str:
        table = model._meta.db_table
        references = []
        for name in self.fields:
            field = model._meta.get_field(name)
            references.append((name, field.column, field.related_model._meta.db_table))
        columns = ", ".join(["operator_id", *(column for _, column, _ in references)])
        return "\n".join(
            [
                self._function("insert", "".join(self._fresh(table, column, to) for _, column, to in references)),
                f"CREATE TRIGGER {self.name}_insert AFTER INSERT ON {table} REFERENCING NEW TABLE AS fresh"
                f" FOR EACH STATEMENT EXECUTE FUNCTION {self.name}_insert();",
                self._function("update", "".join(self._changed(table, column, to) for _, column, to in references)),
                f"CREATE TRIGGER {self.name}_update AFTER UPDATE OF {columns} ON {table}"
                f" FOR EACH ROW EXECUTE FUNCTION {self.name}_update();",
                *(self._kept(table, *reference) for reference in references),
            ]
        )

    def _function(self, suffix: str, body: str) -> str:
        head = f"CREATE FUNCTION {self.name}_{suffix}() RETURNS trigger {DEFINER} AS $$"
        revoked = f"REVOKE ALL ON FUNCTION {self.name}_{suffix}() FROM PUBLIC;"
        return f"{head}\nDECLARE missing bigint;\nBEGIN\n{body}RETURN NULL;\nEND\n$$;\n{revoked}\n"

    def _refusal(self, table: str, message: str) -> str:
        return (
            f"RAISE foreign_key_violation USING MESSAGE = '{message}', "
            f"CONSTRAINT = '{self.name}', TABLE = '{table}', SCHEMA = TG_TABLE_SCHEMA;"
        )

    def _fresh(self, table: str, column: str, to: str) -> str:
        refusal = self._refusal(table, f"insert on {table}: no row of {to} of this operator for some {column}")
        return f"""
            WITH wanted AS MATERIALIZED (
                SELECT DISTINCT operator_id, {column} AS id FROM fresh WHERE {column} IS NOT NULL
            ), held AS (
                -- One look-up a row by the unique index, whatever the statistics say of a table just filled.
                SELECT parent.id FROM wanted CROSS JOIN LATERAL (
                    SELECT to_.id FROM {to} to_ WHERE to_.operator_id = wanted.operator_id AND to_.id = wanted.id
                    FOR KEY SHARE
                ) parent
            )
            SELECT (SELECT count(*) FROM wanted) - (SELECT count(*) FROM held) INTO missing;
            IF missing > 0 THEN {refusal} END IF;
        """  # noqa: S608  # names of tables and columns

    def _changed(self, table: str, column: str, to: str) -> str:
        refusal = self._refusal(table, f"update of {table}: no row of {to} of this operator for {column}")
        return f"""
            IF NEW.{column} IS NOT NULL
                AND (NEW.operator_id, NEW.{column}) IS DISTINCT FROM (OLD.operator_id, OLD.{column}) THEN
                PERFORM 1 FROM {to} WHERE operator_id = NEW.operator_id AND id = NEW.{column} FOR KEY SHARE;
                IF NOT FOUND THEN {refusal} END IF;
            END IF;
        """

    def _kept(self, table: str, field: str, column: str, to: str) -> str:
        refusal = self._refusal(to, f"a row of {to} is still referred to by {table}.{column}")
        body = f"""
            IF TG_OP = 'UPDATE' AND (NEW.operator_id, NEW.id) = (OLD.operator_id, OLD.id) THEN RETURN NULL; END IF;
            PERFORM 1 FROM {table} WHERE operator_id = OLD.operator_id AND {column} = OLD.id LIMIT 1;
            IF FOUND THEN {refusal} END IF;
        """
        return self._function(f"{field}_kept", body) + (
            f"CREATE TRIGGER {self.name}_{field}_kept AFTER DELETE OR UPDATE OF id, operator_id ON {to}"
            f" FOR EACH ROW EXECUTE FUNCTION {self.name}_{field}_kept();"
        )


def owned(prefix: str, *references: str, bulk: bool = False, referred: bool = True) -> list[models.BaseConstraint]:
    """Return the constraints of an owned model.

    Args:
        prefix: starts the constraints' names; the table's name without the floor is a good one.
        references: the names of the fields that refer to other owned models.
        bulk: prove the references once a statement, for a table that is filled by the million.
        referred: whether other tables refer to this one row by row, which needs the unique pair; those that prove
            their references in bulk find a row by its key.
    """
    if bulk:
        alone = owned(prefix, referred=referred)
        return [*alone, SameOperatorInBulk(name=f"{prefix}_same_operator", fields=references)]
    pair = models.UniqueConstraint(fields=["operator", "id"], name=f"{prefix}_of_operator")
    return [
        RowSecurity(name=f"{prefix}_row_security"),
        *([pair] if referred else []),
        *(SameOperator(name=f"{prefix}_{field}_same_operator", field=field) for field in references),
    ]


# What opens doors: of no use in a report, so the reader role does not get it.
SECRETS = [
    "tenants_user",
    "tenants_recoverycode",
    "tenants_totpdevice",
    "tenants_browsersession",
    "tenants_invitation",
    "tenants_apikey",
    "django_otp_webauthn_webauthncredential",
    "tenants_platformevent",
]
# What the platform's own process may do, and nothing else: run operators, sign its staff in, invite a first owner,
# leave traces in an operator's log. No drivers, sessions, prices, invoices or consents of drivers. In brackets the
# columns a right is limited to; background work is counted, not read.
EVERYTHING = "SELECT, INSERT, UPDATE, DELETE"
_COUNTED = "SELECT (id, operator_id, state, leased_until, queued_at)"
PLATFORM_MAY = {
    "tenants_operator": "SELECT, INSERT, UPDATE",
    "tenants_platformmember": "SELECT, INSERT, UPDATE",
    "tenants_platformvisit": "SELECT, INSERT, UPDATE",
    "tenants_platformevent": "SELECT, INSERT",
    "tenants_user": "SELECT, INSERT, UPDATE",
    "tenants_membership": "SELECT",
    "tenants_operatorgrant": "SELECT",
    "tenants_invitation": "SELECT, INSERT, UPDATE",
    "auth_permission": "SELECT",
    "django_content_type": "SELECT",
    # Added to, not read; an insertion returns the columns that the database fills in.
    "tenants_auditentry": "SELECT (id, operator_id, act, xid), INSERT",
    # What drivers of a new operator are asked; never what they answered.
    "tenants_consentpurpose": "SELECT, INSERT, UPDATE",
    "tenants_consentnotice": "SELECT, INSERT",
    # Signing its staff in.
    "tenants_browsersession": EVERYTHING,
    "tenants_recoverycode": EVERYTHING,
    "tenants_totpdevice": EVERYTHING,
    "tenants_factorreset": "SELECT, UPDATE",
    "django_otp_webauthn_webauthncredential": EVERYTHING,
    "django_otp_webauthn_webauthnattestation": EVERYTHING,
    "django_otp_webauthn_webauthnuserhandle": EVERYTHING,
    # Whether background work stands still.
    "charging_fileimport": _COUNTED,
    "tenants_auditcheck": _COUNTED,
    "billing_runchunk": _COUNTED,
    "billing_pricing": _COUNTED,
    "billing_rendering": _COUNTED,
    "billing_export": "SELECT (id, operator_id, kind, state, leased_until, queued_at)",
}
# What of an operator only the platform decides: the app role changes every column but these, and no rows.
DECIDED_BY_PLATFORM = ["id", "slug", "state"]
# Rows that are only ever added. The app role may not change them; a trigger stops everybody else.
APPEND_ONLY = ["tenants_auditentry", "tenants_auditseal", "tenants_consentevent", "tenants_consentnotice"]
# The same, of the platform: the app role adds to it, as it signs the platform's people in too, and does not read it.
PLATFORMS_LOG = "tenants_platformevent"


def grants(**_: Any) -> None:
    """Give each role what it needs on the tables as they are now; runs after every migration."""
    statements = f"""
    GRANT USAGE ON SCHEMA public TO {APP}, {READER}, {PLATFORM};
    GRANT {EVERYTHING} ON ALL TABLES IN SCHEMA public TO {APP};
    GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {APP};
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER};
    REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {APP};
    REVOKE INSERT, UPDATE, DELETE ON tenants_operator, tenants_platformmember, tenants_platformvisit FROM {APP};
    GRANT UPDATE (ended_at) ON tenants_platformvisit TO {APP};
    REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {PLATFORM};
    REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {PLATFORM};
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
        for table in _present(cursor, PLATFORM_MAY):
            cursor.execute(f"GRANT {PLATFORM_MAY[table]} ON {table} TO {PLATFORM}")
        for table in _present(cursor, [PLATFORMS_LOG]):
            cursor.execute(f"REVOKE SELECT, UPDATE, DELETE ON {table} FROM {APP}")
            cursor.execute(f"GRANT SELECT (id) ON {table} TO {APP}")  # an insertion returns it
        for table in APPEND_ONLY:
            cursor.execute(f"REVOKE UPDATE, DELETE ON {table} FROM {APP}, {PLATFORM}")
        for table in _present(cursor, SECRETS):
            cursor.execute(f"REVOKE SELECT ON {table} FROM {READER}")  # noqa: S608  # names of our own


def _present(cursor: Any, tables: Iterable[str]) -> list[str]:
    """Return those of the tables that the migrations have made by now."""
    cursor.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename = ANY(%s)", [list(tables)]
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


def assert_app_role() -> None:
    """Refuse to serve operators with a role that could look past the walls, or do the platform's acts.

    Raises:
        PrivilegedRole: the role is a superuser, bypasses row security, owns the tables, may act as one that
            does, or may let people into the platform.
    """
    role = _assert_unprivileged("DATABASE_URL", APP)
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege('tenants_platformmember', 'INSERT')")
        (is_platforms,) = cursor.fetchone()
    connection.close()
    if is_platforms:
        raise PrivilegedRole(
            f"The database role {role!r} may do what only the platform may. Let DATABASE_URL name the app role ({APP})."
        )


def assert_platform_role() -> None:
    """Refuse to serve the platform's pages with a role that could look past row security.

    Raises:
        PrivilegedRole: as for the app role, but for what the platform may.
    """
    _assert_unprivileged("DATABASE_PLATFORM_URL", PLATFORM)
    connection.close()


def _assert_unprivileged(variable: str, wanted: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, EXISTS (SELECT 1 FROM pg_roles r WHERE pg_has_role(current_user, r.oid, 'MEMBER')"
            " AND (r.rolsuper OR r.rolbypassrls)), EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = 'public'"
            " AND pg_has_role(current_user, tableowner, 'MEMBER'))"
        )
        role, bypasses, owns = cursor.fetchone()
    if bypasses or owns:
        connection.close()
        raise PrivilegedRole(
            f"The database role {role!r} can look past row security. Let {variable} name another ({wanted})."
        )
    return str(role)
