"""What files say is sealed, in batches, each its own transaction; stopped, it begins again and changes nothing twice."""

from typing import Any, ClassVar

import orjson
from django.db import connection, migrations, transaction  # noqa: TID251  # each batch its own

from charging.ingest import cell_marks
from charging.models.file_import import of_import
from tenants import sealed_fields
from tenants.migrations import _sealing
from tenants.sealed_fields import PersonsKey

BATCH = 2_000
ROWS, LOOKS = "charging_rejectedrow", "charging_importlook"
_ROWS = (
    f"SELECT id, operator_id, file_import_id, was_cells::text, nullif(was_mended, 'null')::text, nullif(was_facts, 'null')::text FROM {ROWS}"  # noqa: S608
    " WHERE id > %s ORDER BY id LIMIT %s"
)
_ROW = f"UPDATE {ROWS} SET cells = %s, mended = %s, facts = %s, marks = %s WHERE id = %s"  # noqa: S608  # a constant
_LOOKS = (
    f"SELECT id, operator_id, file_import_id, was_found::text FROM {LOOKS}"  # noqa: S608  # a constant
    " WHERE id > %s AND was_found <> '{}' ORDER BY id LIMIT %s"
)
_LOOK = f"UPDATE {LOOKS} SET found = %s WHERE id = %s"  # noqa: S608  # a constant


def seal(*_: Any) -> None:
    last: int | None = 0
    while last is not None:
        last = _seal_rows(last)
    last = 0
    while last is not None:
        last = _seal_looks(last)


def _seal_rows(last: int) -> int | None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_ROWS, [last, BATCH])
        rows = cursor.fetchall()
        keys = _sealing.keys_of(cursor, {(operator, of_import(number)) for _, operator, number, *_ in rows})
        marking = {number: cell_marks.keys(operator, number)[0] for _, operator, number, *_ in rows}
        cursor.executemany(
            _ROW,
            [
                (
                    _sealed("cells", cells, keys[operator, of_import(number)]) or b"",
                    _sealed("mended", mended, keys[operator, of_import(number)]),
                    _sealed("facts", facts, keys[operator, of_import(number)]),
                    cell_marks.marks(orjson.loads(mended or cells), marking[number]),
                    pk,
                )
                for pk, operator, number, cells, mended, facts in rows
            ],
        )
    return rows[-1][0] if rows else None


def _seal_looks(last: int) -> int | None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOOKS, [last, BATCH])
        rows = cursor.fetchall()
        keys = _sealing.keys_of(cursor, {(operator, of_import(number)) for _, operator, number, _ in rows})
        found = [
            (sealed_fields.seal(text, keys[operator, of_import(number)], f"{LOOKS}.found").box, pk)
            for pk, operator, number, text in rows
        ]
        cursor.executemany(_LOOK, found)
    return rows[-1][0] if rows else None


def _sealed(name: str, text: str | None, key: PersonsKey) -> bytes | None:
    return sealed_fields.seal(text, key, f"{ROWS}.{name}").box if text else None


class Migration(migrations.Migration):
    atomic = False
    dependencies: ClassVar = [("charging", "0021_room_for_sealed_rows"), ("tenants", "0040_addresses_are_sealed")]
    operations: ClassVar = [migrations.RunPython(seal, atomic=False)]
