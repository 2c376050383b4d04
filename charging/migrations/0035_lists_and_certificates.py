from django.db import migrations, models

from tenants.migrations._at_once import DrawnOnce


class Migration(DrawnOnce):
    dependencies = [("charging", "0034_longer_meter_keys")]

    operations = [
        migrations.AlterField(
            model_name="stationcommand",
            name="kind",
            field=models.CharField(
                choices=[
                    ("start", "start a charge"),
                    ("stop", "end a charge"),
                    ("unlock", "unlock an outlet"),
                    ("reset", "restart the station"),
                    ("availability", "take into or out of use"),
                    ("trigger", "ask for a message"),
                    ("read_settings", "read the settings"),
                    ("change_setting", "change a setting"),
                    ("update_firmware", "update the firmware"),
                    ("get_log", "fetch a log"),
                    ("reserve", "reserve an outlet"),
                    ("cancel_reservation", "cancel a reservation"),
                    ("limit", "limit the power"),
                    ("clear_limit", "lift the limit"),
                    ("read_named", "read some settings"),
                    ("get_schedule", "ask for the power limits"),
                    ("forget_cards", "forget the cards it remembers"),
                    ("empty_list", "empty its own list of cards"),
                ],
                max_length=20,
                verbose_name="what was asked",
            ),
        ),
        migrations.AlterField(
            model_name="stationknock",
            name="reason",
            field=models.CharField(
                choices=[
                    ("unknown", "no station has this identifier"),
                    ("no_password", "the station has no password here yet"),
                    ("wrong_password", "the password was wrong"),
                    ("not_in_use", "the station is not in use"),
                    ("protocol", "it speaks none of our protocols"),
                    ("certificate", "its certificate is missing, has expired or is another one"),
                ],
                max_length=20,
                verbose_name="reason",
            ),
        ),
        migrations.AddField("stationlink", "certificate", models.CharField(blank=True, default="", max_length=64)),
        migrations.AddField(
            "stationlink", "certificate_name", models.CharField(blank=True, default="", max_length=200)
        ),
        migrations.AddField("stationlink", "certificate_until", models.DateTimeField(null=True)),
        migrations.AddField("stationlink", "certified_at", models.DateTimeField(null=True)),
    ]
