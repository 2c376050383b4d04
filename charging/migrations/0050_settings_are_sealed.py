"""Values of settings are sealed, in batches, each its own transaction, and gone in clear: what stations tell, what is
wanted of them, and what they were asked to set.

Stopped at any place it begins again where it was.
"""

from typing import Any, ClassVar

from django.db import connection, migrations, transaction  # noqa: TID251  # each batch its own

import charging.models.said
import tenants.sealed_fields
from charging.domain.ocpp import keeping
from tenants import crypto
from tenants.migrations import _sealing
from tenants.migrations._at_once import DrawnOnce

BATCH = 2_000
#: Each with the column that is sealed; the one in clear is kept aside, under the name of no field.
TABLES = {"charging_stationsetting": "value", "charging_settingtemplate": "wanted"}
COMMANDS = "charging_stationcommand"
_HAS = (
    "SELECT data_type FROM information_schema.columns WHERE table_name = %s AND column_name = %s"
    " AND table_schema = current_schema()"
)
#: An object that is empty is nothing; the text of any other is sealed as it is.
_AS_TEXT = "ALTER TABLE {0} ALTER COLUMN was_{1} TYPE text USING CASE WHEN was_{1}::text = '{{}}' THEN '' ELSE was_{1}::text END"
_TAKE = f"""
    SELECT id, operator_id, wanted ->> 'value' FROM {COMMANDS}
    WHERE id > %s AND kind = 'change_setting' AND wanted ? 'value' ORDER BY id LIMIT %s FOR UPDATE
"""  # noqa: S608  # constants
_SET = f"UPDATE {COMMANDS} SET value = %s, wanted = wanted - 'value' WHERE id = %s"  # noqa: S608  # constants


def seal(*_: Any) -> None:
    for table, column in TABLES.items():
        with transaction.atomic(), connection.cursor() as cursor:
            if _type(cursor, table, column) not in {"bytea", ""}:
                cursor.execute(f"ALTER TABLE {table} RENAME COLUMN {column} TO was_{column}")
                cursor.execute(_AS_TEXT.format(table, column))
                cursor.execute(f"ALTER TABLE {table} ADD {column} bytea NOT NULL DEFAULT ''")
        with connection.cursor() as cursor:
            is_aside = _type(cursor, table, f"was_{column}") != ""
        if is_aside:
            _sealing.seal(
                {f"was_{column}": (column, column)}, table=table, about="'operator', operator_id", batch=BATCH
            )
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"ALTER TABLE {table} DROP COLUMN was_{column}, ALTER COLUMN {column} DROP DEFAULT")
    with transaction.atomic(), connection.cursor() as cursor:
        if not _type(cursor, COMMANDS, "value"):
            cursor.execute(f"ALTER TABLE {COMMANDS} ADD value bytea NOT NULL DEFAULT ''")
            cursor.execute(f"ALTER TABLE {COMMANDS} ALTER COLUMN value DROP DEFAULT")
    last: int | None = 0
    while last is not None:
        last = _seal_some(last)


def _type(cursor: Any, table: str, column: str) -> str:
    """What a column is; empty where there is none."""
    cursor.execute(_HAS, [table, column])
    found = cursor.fetchone()
    return found[0] if found else ""


def _seal_some(last: int) -> int | None:
    """Seal what the next commands set; return the last of them, None when there are no more."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TAKE, [last, BATCH])
        rows = cursor.fetchall()
        keys, column = crypto.card_keys(), f"{COMMANDS}.value"
        cursor.executemany(_SET, [(keeping.seal(text or "", column, owner, keys), pk) for pk, owner, text in rows])
    return rows[-1][0] if rows else None


class Migration(DrawnOnce):
    atomic = False
    dependencies: ClassVar = [
        ("charging", "0046_exported_energy"),
        ("tenants", "0061_people_who_sign_in_are_sealed"),
    ]
    operations: ClassVar = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(seal, atomic=False)],
            state_operations=[
                migrations.AlterField(
                    "stationsetting",
                    "value",
                    tenants.sealed_fields.SealedTextField(blank=True, verbose_name="value"),
                ),
                migrations.AlterField(
                    "settingtemplate",
                    "wanted",
                    tenants.sealed_fields.SealedJSONField(default=dict, verbose_name="what is wanted"),
                ),
                migrations.AddField(
                    "stationcommand",
                    "value",
                    charging.models.said.SaidTextField(blank=True, default=""),
                    preserve_default=False,
                ),
            ],
        ),
    ]
