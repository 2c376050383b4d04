"""Row security and composite references, as constraints of models.

`makemigrations` creates them, and a model without them is found by a test. `owned(…)` makes those of an owned model:

- `RowSecurity`: the policy. A bare comparison, nothing else: an `OR` or a function in it cost up to
  10,000 times the query time on five million rows.
- the unique pair (operator, id), which references can point to;
- `SameOperator`: a foreign key over (operator, reference), as a plain one accepts another operator's row;
- `SameOperatorInBulk`: the same promise for a table that is filled by the million, kept once a statement.

`WriteSecurity` walls the tables that say who gets in: they are read before any scope can be opened, and written
inside one.
"""

from collections.abc import Sequence
from typing import Any

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement, Table

_CURRENT = "NULLIF(current_setting('app.operator_id', true), '')::bigint"
CONDITION = f"operator_id = {_CURRENT}"
# A trigger that reads a table to decide must not see it through the caller's row security, which a statement can move
# in the same breath, nor find a temporary table of the caller's in its place.
DEFINER = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"


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


class WriteSecurity(_Deferred):
    """Row security on writing alone: rows of the current operator are changed, added and removed, all are read.

    column: the operator's number in this table.
    adds: whether rows are added inside a scope too; the operator's own row cannot be, as it is what makes one. Who
        may add such rows is a matter of grants then.
    """

    def __init__(self, *, name: str, column: str = "operator_id", adds: bool = True) -> None:
        super().__init__(name=name)
        self.column, self.adds = column, adds

    def deconstruct(self) -> Any:
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, "column": self.column, "adds": self.adds}

    def _statement(self, model: Any, schema_editor: Any) -> Statement:
        condition = f"{self.column} = {_CURRENT}"
        policies = {
            "select": "USING (true)",
            "insert": f"WITH CHECK ({condition if self.adds else 'true'})",
            "update": f"USING ({condition}) WITH CHECK ({condition})",
            "delete": f"USING ({condition})",
        }
        made = [f"CREATE POLICY {self.name}_{act} ON %(table)s FOR {act} {rule}" for act, rule in policies.items()]
        switched = "ALTER TABLE %(table)s ENABLE ROW LEVEL SECURITY; ALTER TABLE %(table)s FORCE ROW LEVEL SECURITY"
        return Statement("; ".join([switched, *made]), table=Table(model._meta.db_table, schema_editor.quote_name))

    def remove_sql(self, model: Any, schema_editor: BaseDatabaseSchemaEditor | None) -> Any:
        dropped = [f"DROP POLICY {self.name}_{act} ON %(table)s" for act in ("select", "insert", "update", "delete")]
        switched = "ALTER TABLE %(table)s DISABLE ROW LEVEL SECURITY"
        quote = schema_editor.quote_name  # type: ignore[union-attr]
        return Statement("; ".join([*dropped, switched]), table=Table(model._meta.db_table, quote))


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
      operator's (`FOR KEY SHARE`, the lock a foreign key takes); fields given as a tuple, whose values come together in
      few combinations, are looked for in one pass over the inserted rows;
    - an UPDATE of a reference is checked row by row;
    - a referred row cannot be deleted, nor get another key, while something refers to it. The check runs after the
      deletion has its lock, so of a deletion and an insertion at the same time one waits and then fails.

    proved: those fields whose rows nobody can delete, whatever refers to them, and which another trigger of the table
    looks for after an INSERT anyway: they are not looked for again, nor locked, which writes each of them anew.
    """

    def __init__(self, *, name: str, fields: Sequence[str | Sequence[str]], proved: Sequence[str] = ()) -> None:
        super().__init__(name=name)
        self.groups = tuple(each if isinstance(each, str) else tuple(each) for each in fields)
        self.proved = tuple(proved)

    @property
    def fields(self) -> list[str]:
        """The fields one by one."""
        return _one_by_one(self.groups)

    def deconstruct(self) -> Any:
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, "fields": self.groups, **({"proved": self.proved} if self.proved else {})}

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
        references = [self._reference(model, name) for name in self.fields]
        groups = [[group] if isinstance(group, str) else group for group in self.groups if group not in self.proved]
        fresh = "".join(self._fresh(table, [self._reference(model, name) for name in group]) for group in groups)
        columns = ", ".join(["operator_id", *(column for _, column, _ in references)])
        return "\n".join(
            [
                self._function("insert", fresh),
                f"CREATE TRIGGER {self.name}_insert AFTER INSERT ON {table} REFERENCING NEW TABLE AS fresh"
                f" FOR EACH STATEMENT EXECUTE FUNCTION {self.name}_insert();",
                self._function("update", "".join(self._changed(table, column, to) for _, column, to in references)),
                f"CREATE TRIGGER {self.name}_update AFTER UPDATE OF {columns} ON {table}"
                f" FOR EACH ROW EXECUTE FUNCTION {self.name}_update();",
                *(self._kept(table, *reference) for reference in references),
            ]
        )

    @staticmethod
    def _reference(model: Any, name: str) -> tuple[str, str, str]:
        field = model._meta.get_field(name)
        return name, field.column, field.related_model._meta.db_table

    def _function(self, suffix: str, body: str) -> str:
        head = f"CREATE FUNCTION {self.name}_{suffix}() RETURNS trigger {DEFINER} AS $$"
        revoked = f"REVOKE ALL ON FUNCTION {self.name}_{suffix}() FROM PUBLIC;"
        return f"{head}\nDECLARE missing bigint[];\nBEGIN\n{body}RETURN NULL;\nEND\n$$;\n{revoked}\n"

    def _refusal(self, table: str, message: str) -> str:
        return (
            f"RAISE foreign_key_violation USING MESSAGE = '{message}', "
            f"CONSTRAINT = '{self.name}', TABLE = '{table}', SCHEMA = TG_TABLE_SCHEMA;"
        )

    def _fresh(self, table: str, group: Sequence[tuple[str, str, str]]) -> str:
        columns = ", ".join(column for _, column, _ in group)
        # What is one field's alone is told apart once.
        source = "seen" if len(group) > 1 else "fresh"
        seen = f"seen AS MATERIALIZED (SELECT DISTINCT operator_id, {columns} FROM fresh)"  # noqa: S608  # names of columns
        looked_up = [
            f"""wanted_{column} AS MATERIALIZED (
                SELECT DISTINCT operator_id, {column} AS id FROM {source} WHERE {column} IS NOT NULL
            ), held_{column} AS (
                -- One look-up a row, by the key alone: of a table that was empty when this was planned, any index that
                -- begins with the operator seems as good, and would be gone through whole for every row.
                SELECT parent.id FROM wanted_{column} wanted CROSS JOIN LATERAL (
                    SELECT to_.operator_id, to_.id FROM {to} to_ WHERE to_.id = wanted.id FOR KEY SHARE
                ) parent WHERE parent.operator_id = wanted.operator_id
            )"""  # noqa: S608  # names of tables and columns
            for _, column, to in group
        ]
        told = ", ".join(([seen] if len(group) > 1 else []) + looked_up)
        counts = ", ".join(
            f"(SELECT count(*) FROM wanted_{column}) - (SELECT count(*) FROM held_{column})"  # noqa: S608  # names of columns
            for _, column, _ in group
        )
        refusals = "".join(
            f"IF missing[{at}] > 0 THEN "
            + self._refusal(table, f"insert on {table}: no row of {to} of this operator for some {column}")
            + " END IF;\n"
            for at, (_, column, to) in enumerate(group, start=1)
        )
        return f"""
            WITH {told}
            SELECT ARRAY[{counts}] INTO missing;
            {refusals}
        """

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


def owned(
    prefix: str,
    *references: str | tuple[str, ...],
    bulk: bool = False,
    referred: bool = True,
    proved: Sequence[str] = (),
) -> list[models.BaseConstraint]:
    """Return the constraints of an owned model.

    Args:
        prefix: starts the constraints' names; the table's name without the floor is a good one.
        references: the names of the fields that refer to other owned models; in bulk, those whose values come together
            in few combinations may stand as one tuple, which is then looked through once.
        bulk: prove the references once a statement, for a table that is filled by the million.
        referred: whether other tables refer to this one row by row, which needs the unique pair; those that prove
            their references in bulk find a row by its key.
        proved: in bulk, those of the fields that another trigger proves (`SameOperatorInBulk`).
    """
    if bulk:
        alone = owned(prefix, referred=referred)
        walls = SameOperatorInBulk(name=f"{prefix}_same_operator", fields=references, proved=proved)
        return [*alone, walls]
    pair = models.UniqueConstraint(fields=["operator", "id"], name=f"{prefix}_of_operator")
    return [
        RowSecurity(name=f"{prefix}_row_security"),
        *([pair] if referred else []),
        *(SameOperator(name=f"{prefix}_{field}_same_operator", field=field) for field in _one_by_one(references)),
    ]


def _one_by_one(groups: Sequence[str | tuple[str, ...]]) -> list[str]:
    return [name for group in groups for name in ((group,) if isinstance(group, str) else group)]
