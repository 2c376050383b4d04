"""Give each assignment of a tariff a public id: no address and no page holds an integer key."""

from typing import ClassVar

from django.db import migrations, models

import tenants.identifiers


class Migration(migrations.Migration):
    dependencies: ClassVar = [("billing", "0013_names_of_issued_runs")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="tariffassignment", name="public_id", field=models.UUIDField(null=True, editable=False)
        ),
        migrations.RunSQL("UPDATE billing_tariffassignment SET public_id = gen_random_uuid()", migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="tariffassignment",
            name="public_id",
            field=models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
        ),
    ]
