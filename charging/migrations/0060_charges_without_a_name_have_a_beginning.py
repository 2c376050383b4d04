"""When a charge without a name began, as its station told."""

from django.db import migrations, models

from tenants.migrations._at_once import DrawnOnce


class Migration(DrawnOnce):
    dependencies = [("charging", "0057_charges_name_their_outlet")]

    operations = [migrations.AddField("stationcharge", "began_at", models.DateTimeField(null=True))]
