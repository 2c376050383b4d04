"""Addresses and names of people who sign in are sealed, and gone in clear."""

from typing import Any

import tenants.blind_index
import tenants.sealed_fields
from django.db import connection, migrations, models
from tenants import blind_index, sealed_fields
from tenants.migrations._at_once import DrawnOnce
from tenants.sealed_fields import Person
from tenants.services.person_keys import KEYS

TABLE = "tenants_user"
_WRITE = f"UPDATE {TABLE} SET sealed_email = %s, sealed_name = %s, email_mark = %s WHERE id = %s"  # noqa: S608
BATCH = 2_000


def seal(*_: Any) -> None:
    """In one transaction, as nobody may sign in meanwhile: ten thousand people take a second."""
    last = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                f"SELECT id, public_id, email, name FROM {TABLE} WHERE id > %s ORDER BY id LIMIT %s",  # noqa: S608
                [last, BATCH],
            )
            rows = cursor.fetchall()
            if not rows:
                return
            values = []
            for pk, public_id, email, name in rows:
                key = KEYS.sealing(Person("user", public_id.int))
                sealed = sealed_fields.seal(email, key, f"{TABLE}.email").box
                named = sealed_fields.seal(name, key, f"{TABLE}.name").box if name else b""
                mark, *_old = blind_index.marks(email.lower(), field=f"{TABLE}.email", operator_id=0)
                values.append([sealed, named, mark, pk])
            cursor.executemany(_WRITE, values)
            last = rows[-1][0]


class Migration(DrawnOnce):
    dependencies = [("tenants", "0064_letters_about_late_charges")]
    operations = [
        migrations.RemoveConstraint(model_name="user", name="user_email_once"),
        migrations.AddField(
            model_name="user",
            name="email_mark",
            field=tenants.blind_index.MarkField(default="", editable=False, max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="user",
            name="sealed_email",
            field=tenants.blind_index.FoundEmailField(default="", max_length=254, verbose_name="e-mail"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="user",
            name="sealed_name",
            field=tenants.sealed_fields.SealedCharField(blank=True, default="", max_length=150, verbose_name="name"),
            preserve_default=False,
        ),
        migrations.RunPython(seal),
        migrations.RemoveField(model_name="user", name="email"),
        migrations.RenameField(model_name="user", old_name="sealed_email", new_name="email"),
        migrations.RemoveField(model_name="user", name="name"),
        migrations.RenameField(model_name="user", old_name="sealed_name", new_name="name"),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(fields=["email_mark"], name="user_email_once"),
        ),
    ]
