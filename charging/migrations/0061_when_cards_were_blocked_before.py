"""When a card was blocked and is no more."""

from django.db import migrations, models

from tenants.migrations._at_once import DrawnOnce


class Migration(DrawnOnce):
    dependencies = [("charging", "0060_charges_without_a_name_have_a_beginning")]

    operations = [
        migrations.AddField("token", "blocked_before", models.JSONField(db_default=[], default=list, editable=False))
    ]
