from django.db import migrations, models

from tenants.migrations._at_once import DrawnOnce


class Migration(DrawnOnce):
    dependencies = [("charging", "0033_uids_are_sealed")]

    operations = [
        migrations.AddField(
            "stationlink",
            "boot",
            models.CharField(
                choices=[
                    ("Accepted", "accepted"),
                    ("Pending", "held: it can be set up, and nobody charges there"),
                    ("Rejected", "turned away"),
                ],
                default="Accepted",
                max_length=10,
                verbose_name="received as",
            ),
        ),
    ]
