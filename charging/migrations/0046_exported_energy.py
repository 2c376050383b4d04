"""Stations whose meter is connected the wrong way round."""

from django.db import migrations, models

from tenants.migrations._at_once import DrawnOnce


class Migration(DrawnOnce):
    dependencies = [("charging", "0037_what_stations_say_is_sealed")]

    operations = [
        migrations.AddField(
            "station",
            "counts_exported",
            models.BooleanField(default=False, verbose_name="exported energy is read"),
        ),
    ]
