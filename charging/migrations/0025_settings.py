"""What stations are set to, and are to be; and how far they have come with what they go on with."""

import django.db.models.deletion
import tenants.identifiers
import tenants.rls.constraints
import tenants.scoping
from django.db import migrations, models

from tenants.migrations._at_once import DrawnOnce


class Migration(DrawnOnce):
    dependencies = [
        ("charging", "0024_signed_values"),
        ("tenants", "0051_names_in_clear_are_gone"),
    ]

    operations = [
        migrations.AddField(
            model_name="stationcommand",
            name="progress",
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AddField(
            model_name="stationcommand",
            name="progress_at",
            field=models.DateTimeField(null=True),
        ),
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
                ],
                max_length=20,
                verbose_name="what was asked",
            ),
        ),
        migrations.CreateModel(
            name="SettingTemplate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True)),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("wanted", models.JSONField(default=dict, verbose_name="what is wanted")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "operator",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.operator",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    tenants.rls.constraints.RowSecurity(name="setting_template_row_security"),
                    models.UniqueConstraint(fields=("operator", "name"), name="setting_template_name_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="StationSetting",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=200, verbose_name="setting")),
                ("value", models.TextField(blank=True, verbose_name="value")),
                ("is_fixed", models.BooleanField(default=False)),
                ("read_at", models.DateTimeField(verbose_name="read")),
                (
                    "operator",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.operator",
                    ),
                ),
                (
                    "station",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="settings",
                        to="charging.station",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    tenants.rls.constraints.RowSecurity(name="station_setting_row_security"),
                    tenants.rls.constraints.SameOperator(field="station", name="station_setting_station_same_operator"),
                    models.UniqueConstraint(fields=("operator", "station", "name"), name="station_setting_once"),
                ],
            },
        ),
    ]
