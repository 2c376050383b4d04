"""At which outlet a charge goes on, as its station told."""

from django.db import migrations, models

from tenants.migrations._at_once import DrawnOnce


class Migration(DrawnOnce):
    dependencies = [("charging", "0056_charges_name_what_they_followed")]

    operations = [
        migrations.AddField(
            "stationcharge", "outlet", models.CharField(blank=True, db_default="", default="", max_length=20)
        )
    ]
