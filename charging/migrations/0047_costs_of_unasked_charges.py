"""What charges that were let in unasked have come to."""

from django.db import migrations, models

from tenants.migrations._at_once import DrawnOnce


class Migration(DrawnOnce):
    dependencies = [("charging", "0050_settings_are_sealed")]

    operations = [migrations.AddField("stationcharge", "unasked_cost", models.PositiveIntegerField(null=True))]
