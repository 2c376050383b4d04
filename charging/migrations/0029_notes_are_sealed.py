"""Notes of reviews are sealed, in batches, each its own transaction; stopped, it begins again where it was."""

from typing import Any, ClassVar

from django.db import connection, migrations, transaction  # noqa: TID251  # each batch its own

from tenants import sealed_fields
from tenants.migrations import _sealing
from tenants.sealed_fields import Person

BATCH = 2_000
TABLE = "charging_chargingsession"
_ROWS = (
    f"SELECT id, operator_id, public_id, was_review_note FROM {TABLE}"  # noqa: S608  # a constant
    " WHERE id > %s AND was_review_note <> '' ORDER BY id LIMIT %s"
)
_ROW = f"UPDATE {TABLE} SET review_note = %s, was_review_note = '' WHERE id = %s"  # noqa: S608  # a constant


def seal(*_: Any) -> None:
    last: int | None = 0
    while last is not None:
        last = _seal_some(last)


def _seal_some(last: int) -> int | None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_ROWS, [last, BATCH])
        rows = cursor.fetchall()
        of = {pk: (operator, Person("session", public_id.int)) for pk, operator, public_id, _ in rows}
        keys = _sealing.keys_of(cursor, set(of.values()))
        notes = [(sealed_fields.seal(note, keys[of[pk]], f"{TABLE}.review_note").box, pk) for pk, _, _, note in rows]
        cursor.executemany(_ROW, notes)
    return rows[-1][0] if rows else None


class Migration(migrations.Migration):
    atomic = False
    dependencies: ClassVar = [("charging", "0028_room_for_sealed_notes"), ("tenants", "0040_addresses_are_sealed")]
    operations: ClassVar = [migrations.RunPython(seal, atomic=False)]
