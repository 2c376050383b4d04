import django.contrib.postgres.fields
from django.db import migrations, models

from tenants.migrations._at_once import DrawnOnce

import tenants.sealed_fields

_JSON = tenants.sealed_fields.SealedJSONField


class Migration(DrawnOnce):
    """What files say is kept aside, to be sealed into columns of the same names."""

    dependencies = [("charging", "0020_baseline")]
    operations = [
        migrations.AddField(
            model_name="rejectedrow",
            name="marks",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), default=list, size=None
            ),
        ),
        migrations.RenameField(model_name="rejectedrow", old_name="cells", new_name="was_cells"),
        migrations.AddField(model_name="rejectedrow", name="cells", field=_JSON(default=list)),
        migrations.RenameField(model_name="rejectedrow", old_name="mended", new_name="was_mended"),
        migrations.AddField(model_name="rejectedrow", name="mended", field=_JSON(null=True)),
        migrations.RenameField(model_name="rejectedrow", old_name="facts", new_name="was_facts"),
        migrations.AddField(model_name="rejectedrow", name="facts", field=_JSON(null=True)),
        migrations.RenameField(model_name="importlook", old_name="found", new_name="was_found"),
        migrations.AddField(model_name="importlook", name="found", field=_JSON(default=dict)),
    ]
