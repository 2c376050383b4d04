from django.db import migrations

import tenants.sealed_fields


class Migration(migrations.Migration):
    """Notes of reviews are kept aside, to be sealed into a column of the same name. No row is written by it."""

    dependencies = [("charging", "0027_cards_and_power")]
    operations = [
        migrations.RenameField(model_name="chargingsession", old_name="review_note", new_name="was_review_note"),
        migrations.AddField(
            model_name="chargingsession",
            name="review_note",
            field=tenants.sealed_fields.SealedCharField(blank=True, default="", max_length=300),
            preserve_default=False,
        ),
    ]
