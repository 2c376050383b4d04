from django.db import migrations

import tenants.blind_index
import tenants.sealed_fields


class Migration(migrations.Migration):
    """Printed numbers of cards are kept aside, to be sealed into a column of the same name."""

    dependencies = [("charging", "0035_lists_and_certificates")]
    operations = [
        migrations.RenameField(model_name="token", old_name="visual_number", new_name="was_visual_number"),
        migrations.AddField(
            model_name="token",
            name="visual_number",
            field=tenants.sealed_fields.SealedCharField(
                blank=True, default="", max_length=64, verbose_name="printed number"
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="token",
            name="number_mark",
            field=tenants.blind_index.MarkField(blank=True, default="", editable=False, max_length=64),
            preserve_default=False,
        ),
    ]
