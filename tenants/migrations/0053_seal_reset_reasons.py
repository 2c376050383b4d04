from typing import Any

from django.db import connection, migrations

from tenants.migrations._at_once import DrawnOnce

import tenants.sealed_fields
from tenants import sealed_fields
from tenants.migrations import _sealing
from tenants.sealed_fields import Person

TABLE = "tenants_factorreset"
_WRITE = f"UPDATE {TABLE} SET sealed_reason = %s, reason = '' WHERE id = %s"  # noqa: S608  # a constant


def seal(*_: Any) -> None:
    """There are few: a person lost a device."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, operator_id, public_id, reason FROM {TABLE}")  # noqa: S608  # a constant
        for pk, operator, public_id, reason in cursor.fetchall():
            whose = operator, Person("reset", public_id.int)
            key = _sealing.keys_of(cursor, {whose})[whose]
            cursor.execute(_WRITE, [sealed_fields.seal(reason, key, f"{TABLE}.reason").box, pk])


class Migration(DrawnOnce):
    dependencies = [("tenants", "0052_smallest_group")]
    operations = [
        migrations.AddField(
            model_name="factorreset",
            name="sealed_reason",
            field=tenants.sealed_fields.SealedCharField(default="", max_length=300, verbose_name="reason"),
            preserve_default=False,
        ),
        migrations.RunPython(seal),
        migrations.RemoveField(model_name="factorreset", name="reason"),
        migrations.RenameField(model_name="factorreset", old_name="sealed_reason", new_name="reason"),
    ]
