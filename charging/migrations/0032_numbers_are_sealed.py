"""Printed numbers are sealed and marked, in batches, each its own transaction, and gone in clear.

Stopped at any place it begins again where it was.
"""

from typing import Any, ClassVar

from django.db import connection, migrations, models, transaction  # noqa: TID251  # each batch its own

from tenants.migrations._at_once import DrawnOnce

from charging.domain.card_numbers import spelled
from tenants import blind_index, sealed_fields
from tenants.migrations import _sealing
from tenants.sealed_fields import Person

BATCH = 2_000
TABLE = "charging_token"
_ROWS = (
    f"SELECT id, operator_id, driver_id, public_id, was_visual_number FROM {TABLE}"  # noqa: S608  # a constant
    " WHERE id > %s AND was_visual_number <> '' ORDER BY id LIMIT %s FOR UPDATE"
)
_ROW = f"UPDATE {TABLE} SET visual_number = %s, number_mark = %s, was_visual_number = '' WHERE id = %s"  # noqa: S608
_IS_CLEAR = (
    "SELECT 1 FROM information_schema.columns WHERE table_name = %s AND column_name = 'was_visual_number'"
    " AND table_schema = current_schema()"
)
#: Printed numbers have an index of their own, of marks: what the one of UIDs said of them goes with its next turn.
_GONE = f"""
ALTER TABLE {TABLE} DROP COLUMN IF EXISTS was_visual_number;
CREATE INDEX IF NOT EXISTS token_numbered ON {TABLE} (operator_id, number_mark) WHERE NOT (number_mark = '');
UPDATE tenants_searchindex SET key = '' WHERE subject = 'cards';
"""  # noqa: S608  # a constant
_NUMBERED = models.Index(
    condition=models.Q(("number_mark", ""), _negated=True), fields=["operator", "number_mark"], name="token_numbered"
)


def seal(*_: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_IS_CLEAR, [TABLE])
        last: int | None = 0 if cursor.fetchone() else None
    while last is not None:
        last = _seal_some(last)


def _seal_some(last: int) -> int | None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_ROWS, [last, BATCH])
        rows = cursor.fetchall()
        whose = {
            pk: (operator, Person("card", public_id.int) if driver is None else Person("driver", driver))
            for pk, operator, driver, public_id, _ in rows
        }
        keys = _sealing.keys_of(cursor, set(whose.values()))
        cursor.executemany(
            _ROW,
            [
                (
                    sealed_fields.seal(number, keys[whose[pk]], f"{TABLE}.visual_number").box,
                    blind_index.marks(spelled(number), field=f"{TABLE}.visual_number", operator_id=operator)[0],
                    pk,
                )
                for pk, operator, _, _, number in rows
            ],
        )
    return rows[-1][0] if rows else None


class Migration(DrawnOnce):
    atomic = False
    dependencies: ClassVar = [("charging", "0031_room_for_sealed_numbers"), ("tenants", "0053_seal_reset_reasons")]
    operations: ClassVar = [
        migrations.RunPython(seal, atomic=False),
        migrations.RunSQL(
            _GONE,
            state_operations=[
                migrations.RemoveField(model_name="token", name="was_visual_number"),
                migrations.AddIndex(model_name="token", index=_NUMBERED),
            ],
        ),
    ]
