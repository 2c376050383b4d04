"""What a bank told of who paid is sealed, and marked, in batches, each its own transaction, and gone in clear.

Stopped at any place it begins again where it was.
"""

from typing import Any, ClassVar

import orjson
from django.db import connection, migrations, models, transaction  # noqa: TID251  # each batch its own

import tenants.blind_index
import tenants.sealed_fields
from tenants import blind_index, sealed_fields
from tenants.migrations import _sealing
from tenants.migrations._at_once import DrawnOnce
from tenants.sealed_fields import Person

BATCH = 2_000
TABLE = "billing_payment"
#: Each column, and what an empty one is in clear.
COLUMNS = {"given": "{}", "text": "", "payer_name": "", "payer_account": ""}
_HAS = (
    "SELECT data_type FROM information_schema.columns WHERE table_name = %s AND column_name = %s"
    " AND table_schema = current_schema()"
)
_MARK = f"ALTER TABLE {TABLE} ADD COLUMN IF NOT EXISTS payer_account_mark varchar(64) NOT NULL DEFAULT ''"
_ROWS = f"""
SELECT id, operator_id, public_id, {", ".join(f"was_{name}" for name in COLUMNS)} FROM {TABLE}
WHERE id > %s AND ({" OR ".join(f"was_{name} <> '{empty}'" for name, empty in COLUMNS.items())})
ORDER BY id LIMIT %s FOR UPDATE
"""  # noqa: S608  # constants
_SEAL = f"""
UPDATE {TABLE} p SET {", ".join(f"{name} = fresh.{name}, was_{name} = '{empty}'" for name, empty in COLUMNS.items())},
    payer_account_mark = fresh.mark
FROM unnest(%s::bigint[], {", ".join("%s::bytea[]" for _ in COLUMNS)}, %s::text[])
    AS fresh (id, {", ".join(COLUMNS)}, mark)
WHERE p.id = fresh.id
"""  # noqa: S608  # constants
#: Payments are facts. Their marks are not: they are made anew when the instance has a new key.
_CLOSED = f"""
ALTER TABLE {TABLE} {", ".join(f"DROP COLUMN IF EXISTS was_{name}" for name in COLUMNS)},
    {", ".join(f"ALTER COLUMN {name} DROP DEFAULT" for name in (*COLUMNS, "payer_account_mark"))};
DROP INDEX IF EXISTS payment_of_payer;
CREATE INDEX payment_of_payer ON {TABLE} (operator_id, payer_account_mark) WHERE NOT (payer_account_mark = '');
CREATE OR REPLACE TRIGGER final_payment_changed BEFORE UPDATE ON {TABLE} FOR EACH ROW WHEN (
    pg_trigger_depth() < 1
    AND NOT (new.recorded_by_id IS NULL
        AND to_jsonb(new.*) - 'recorded_by_id'::text = to_jsonb(old.*) - 'recorded_by_id'::text)
    AND NOT (old.payer_account_mark <> '' AND new.payer_account_mark <> ''
        AND to_jsonb(new.*) - 'payer_account_mark'::text = to_jsonb(old.*) - 'payer_account_mark'::text)
) EXECUTE FUNCTION billing_forbidden();
"""


def seal(*_: Any) -> None:
    for column in COLUMNS:
        with transaction.atomic(), connection.cursor() as cursor:
            if _type(cursor, column) not in {"bytea", ""}:
                cursor.execute(f"ALTER TABLE {TABLE} RENAME COLUMN {column} TO was_{column}")
                cursor.execute(f"ALTER TABLE {TABLE} ADD {column} bytea NOT NULL DEFAULT ''")
    with connection.cursor() as cursor:
        cursor.execute(_MARK)
        last: int | None = 0 if _type(cursor, "was_given") else None
    while last is not None:
        last = _seal_some(last)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CLOSED)


def _type(cursor: Any, column: str) -> str:
    """What a column is; empty where there is none."""
    cursor.execute(_HAS, [TABLE, column])
    found = cursor.fetchone()
    return found[0] if found else ""


def _seal_some(last: int) -> int | None:
    """Seal the next payments; return the last of them, None when there are no more."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_ROWS, [last, BATCH])
        rows = cursor.fetchall()
        whose = {pk: (operator, Person("payment", public_id.int)) for pk, operator, public_id, *_ in rows}
        keys = _sealing.keys_of(cursor, set(whose.values()))
        filled: list[list[Any]] = [[] for _ in (*COLUMNS, "mark")]
        for pk, operator, _, given, *texts in rows:
            key, said = keys[whose[pk]], [orjson.dumps(given).decode() if given else "", *texts]
            for into, name, text in zip(filled, COLUMNS, said, strict=False):
                into.append(sealed_fields.seal(text, key, f"{TABLE}.{name}").box if text else b"")
            marks = blind_index.marks(texts[-1], field=f"{TABLE}.payer_account", operator_id=operator)
            filled[-1].append(marks[0] if texts[-1] else "")
        if rows:
            cursor.execute(f"ALTER TABLE {TABLE} DISABLE TRIGGER USER")
            cursor.execute(_SEAL, [[pk for pk, *_ in rows], *filled])
            cursor.execute(f"ALTER TABLE {TABLE} ENABLE TRIGGER USER")
    return rows[-1][0] if rows else None


_OF_PAYER = models.Index(
    condition=models.Q(("payer_account_mark", ""), _negated=True),
    fields=["operator", "payer_account_mark"],
    name="payment_of_payer",
)


class Migration(DrawnOnce):
    atomic = False
    dependencies: ClassVar = [
        ("billing", "0077_matches_at_once"),
        ("tenants", "0068_views_in_clear_are_gone"),
    ]
    operations: ClassVar = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(seal, atomic=False)],
            state_operations=[
                migrations.RemoveIndex("payment", "payment_of_payer"),
                migrations.AlterField("payment", "given", tenants.sealed_fields.SealedJSONField(default=list)),
                *(
                    migrations.AlterField(
                        "payment",
                        name,
                        tenants.sealed_fields.SealedCharField(blank=True, max_length=most, verbose_name=said),
                    )
                    for name, most, said in (
                        ("text", 500, "message"),
                        ("payer_name", 140, "payer"),
                        ("payer_account", 40, "payer's account"),
                    )
                ),
                migrations.AddField(
                    "payment",
                    "payer_account_mark",
                    tenants.blind_index.MarkField(blank=True, default="", editable=False, max_length=64),
                    preserve_default=False,
                ),
                migrations.AddIndex("payment", _OF_PAYER),
            ],
        ),
    ]
