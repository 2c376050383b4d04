"""Which command a charge followed, as its station tells."""

from django.db import migrations, models

from tenants.migrations._at_once import DrawnOnce


class Migration(DrawnOnce):
    dependencies = [("charging", "0055_partners_are_asked")]

    operations = [migrations.AddField("stationcharge", "asked_number", models.IntegerField(null=True))]
