"""Which sessions a file named that were there already: they stay when the import that brought them is undone."""

import django.contrib.postgres.fields
import django.db.models.deletion
import tenants.rls.constraints
import tenants.scoping
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("charging", "0018_commands"),
        ("tenants", "0030_rounds_to_crowns"),
    ]

    operations = [
        migrations.CreateModel(
            name="KnownSessions",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "sessions",
                    django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None),
                ),
                (
                    "file_import",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="known_sessions",
                        to="charging.fileimport",
                    ),
                ),
                (
                    "operator",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.operator",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["operator", "file_import"], name="known_sessions_of_import"),
                ],
                "constraints": [
                    tenants.rls.constraints.RowSecurity(name="known_sessions_row_security"),
                    tenants.rls.constraints.SameOperator(
                        field="file_import", name="known_sessions_file_import_same_operator"
                    ),
                ],
            },
        ),
    ]
