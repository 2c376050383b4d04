from typing import Any

from django.db import connection, migrations, models

from tenants.migrations._at_once import DrawnOnce

import tenants.sealed_fields
from tenants import blind_index, sealed_fields
from tenants.sealed_fields import Person
from tenants.services.person_keys import KEYS

TABLE = "tenants_invitation"
_WRITE = f"UPDATE {TABLE} SET sealed_email = %s, sealed_name = %s, email_mark = %s, email = '', name = '' WHERE id = %s"  # noqa: S608


def seal(*_: Any) -> None:
    """There are few: those of the last months."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, operator_id, public_id, email, name FROM {TABLE}")  # noqa: S608  # a constant
        for pk, operator, public_id, email, name in cursor.fetchall():
            key = KEYS.sealing(Person("invitation", public_id.int))
            mark, *_old = blind_index.marks(email.lower(), field=f"{TABLE}.email", operator_id=operator)
            sealed = sealed_fields.seal(email, key, f"{TABLE}.email").box
            named = sealed_fields.seal(name, key, f"{TABLE}.name").box if name else b""
            cursor.execute(_WRITE, [sealed, named, mark, pk])


class Migration(DrawnOnce):
    dependencies = [("tenants", "0040_addresses_are_sealed")]
    operations = [
        migrations.RemoveConstraint(model_name="invitation", name="invitation_open_once"),
        migrations.AddField(
            model_name="invitation",
            name="email_mark",
            field=models.CharField(default="", editable=False, max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="invitation",
            name="sealed_email",
            field=tenants.sealed_fields.SealedEmailField(default="", max_length=254, verbose_name="e-mail"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="invitation",
            name="sealed_name",
            field=tenants.sealed_fields.SealedCharField(blank=True, default="", max_length=150, verbose_name="name"),
            preserve_default=False,
        ),
        migrations.RunPython(seal),
        migrations.RemoveField(model_name="invitation", name="email"),
        migrations.RenameField(model_name="invitation", old_name="sealed_email", new_name="email"),
        migrations.RemoveField(model_name="invitation", name="name"),
        migrations.RenameField(model_name="invitation", old_name="sealed_name", new_name="name"),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("accepted_at__isnull", True), ("withdrawn_at__isnull", True)),
                fields=("operator", "email_mark", "role"),
                name="invitation_open_once",
            ),
        ),
    ]
