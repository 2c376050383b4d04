"""UIDs are sealed and marked, in batches, each its own transaction, and gone in clear.

Stopped at any place it begins again where it was.
"""

from typing import Any, ClassVar

from django.db import connection, migrations, models, transaction  # noqa: TID251  # each batch its own

from tenants.migrations._at_once import DrawnOnce

import tenants.blind_index
import tenants.sealed_fields
from charging.domain import card_numbers
from tenants import crypto, sealed_fields
from tenants.migrations import _sealing
from tenants.sealed_fields import Person

BATCH = 2_000
TABLE = "charging_token"
_HAS = (
    "SELECT 1 FROM information_schema.columns WHERE table_name = %s AND column_name = %s"
    " AND table_schema = current_schema()"
)
#: Kept aside, under the name of no field; cards have their marks from the first batch on.
_ROOM = f"""
ALTER TABLE {TABLE} RENAME COLUMN uid TO was_uid;
ALTER TABLE {TABLE} ADD uid bytea NOT NULL DEFAULT '', ADD uid_mark varchar(32) NOT NULL DEFAULT '',
    ADD uid_exact varchar(32) NOT NULL DEFAULT '';
"""
_ROWS = (
    f"SELECT id, operator_id, driver_id, public_id, was_uid FROM {TABLE}"  # noqa: S608  # a constant
    " WHERE id > %s AND uid_exact = '' ORDER BY id LIMIT %s FOR UPDATE"
)
_ROW = f"UPDATE {TABLE} SET uid = %s, uid_mark = %s, uid_exact = %s WHERE id = %s"  # noqa: S608  # a constant
#: What is searched by UIDs is made anew: its terms lay in clear.
_GONE = f"""
ALTER TABLE {TABLE} DROP COLUMN was_uid, ALTER COLUMN uid DROP DEFAULT, ALTER COLUMN uid_mark DROP DEFAULT,
    ALTER COLUMN uid_exact DROP DEFAULT;
ALTER TABLE {TABLE} ADD CONSTRAINT token_uid_once UNIQUE (operator_id, uid_exact);
CREATE INDEX token_by_uid ON {TABLE} (operator_id, uid_mark);
DELETE FROM tenants_searchterm t USING tenants_searchsegment s
    WHERE s.operator_id = t.operator_id AND s.id = t.segment_id AND s.subject = 'cards';
UPDATE tenants_searchindex SET key = '' WHERE subject = 'cards';
"""  # noqa: S608  # a constant


def seal(*_: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        if not _has(cursor, "uid_exact"):
            cursor.execute(_ROOM)
    last: int | None = 0
    while last is not None:
        last = _seal_some(last)
    with transaction.atomic(), connection.cursor() as cursor:
        if _has(cursor, "was_uid"):
            cursor.execute(_GONE)


def _has(cursor: Any, column: str) -> bool:
    cursor.execute(_HAS, [TABLE, column])
    return cursor.fetchone() is not None


def _seal_some(last: int) -> int | None:
    with transaction.atomic(), connection.cursor() as cursor:
        if not _has(cursor, "was_uid"):
            return None
        cursor.execute(_ROWS, [last, BATCH])
        rows = cursor.fetchall()
        known = [row for row in rows if row[-1] != f"X-{row[0]}"]  # the others are of the erased
        whose = {
            pk: (operator, Person("card", public_id.int) if driver is None else Person("driver", driver))
            for pk, operator, driver, public_id, _ in known
        }
        keys, marked = _sealing.keys_of(cursor, set(whose.values())), crypto.card_keys()[:1]
        sealed = [
            (
                sealed_fields.seal(uid, keys[whose[pk]], f"{TABLE}.uid").box,
                card_numbers.uid_marks(uid, operator, marked)[0],
                card_numbers.exact_marks(uid, operator, marked)[0],
                pk,
            )
            for pk, operator, _, _, uid in known
        ]
        gone = [(b"", "", uid, pk) for pk, *_, uid in rows if pk not in whose]
        cursor.executemany(_ROW, sealed + gone)
    return rows[-1][0] if rows else None


class Migration(DrawnOnce):
    atomic = False
    dependencies: ClassVar = [("charging", "0032_numbers_are_sealed")]
    operations: ClassVar = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(seal, atomic=False)],
            state_operations=[
                migrations.RemoveIndex(model_name="token", name="token_in_any_case"),
                migrations.RemoveConstraint(model_name="token", name="token_uid_once"),
                migrations.AlterField(
                    model_name="token",
                    name="uid",
                    field=tenants.sealed_fields.SealedCharField(max_length=64, verbose_name="UID"),
                ),
                *(
                    migrations.AddField(
                        model_name="token",
                        name=name,
                        field=tenants.blind_index.MarkField(default="", editable=False, max_length=32),
                        preserve_default=False,
                    )
                    for name in ("uid_mark", "uid_exact")
                ),
                migrations.AddConstraint(
                    model_name="token",
                    constraint=models.UniqueConstraint(fields=["operator", "uid_exact"], name="token_uid_once"),
                ),
                migrations.AddIndex(
                    model_name="token", index=models.Index(fields=["operator", "uid_mark"], name="token_by_uid")
                ),
            ],
        )
    ]
