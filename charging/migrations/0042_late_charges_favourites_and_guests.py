"""Charges that came in late, sites that drivers want to find first, and where guests may charge."""

import django.db.models.deletion
import tenants.rls.constraints
import tenants.scoping
from django.db import migrations, models

from tenants.migrations._at_once import DrawnOnce


def _owned(to):
    return tenants.scoping.OwnedForeignKey(
        db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to=to
    )


class Migration(DrawnOnce):
    dependencies = [("charging", "0041_card_rules"), ("tenants", "0051_names_in_clear_are_gone")]

    operations = [
        migrations.AddField("stationcharge", "late_at", models.DateTimeField(null=True)),
        migrations.AddField("stationcharge", "late_told_at", models.DateTimeField(null=True)),
        migrations.AddField("stationcharge", "late_seen_at", models.DateTimeField(null=True)),
        migrations.AddIndex(
            "stationcharge",
            models.Index(
                condition=models.Q(("late_at__isnull", False)),
                fields=["operator", "late_at"],
                name="station_charge_late",
            ),
        ),
        migrations.AddField(
            "site", "guests_start", models.BooleanField(default=False, verbose_name="guests may charge")
        ),
        migrations.CreateModel(
            name="Favourite",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="chosen")),
                ("driver", _owned("tenants.driver")),
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
                ("site", _owned("charging.site")),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    tenants.rls.constraints.RowSecurity(name="favourite_row_security"),
                    tenants.rls.constraints.SameOperator(field="driver", name="favourite_driver_same_operator"),
                    tenants.rls.constraints.SameOperator(field="site", name="favourite_site_same_operator"),
                    models.UniqueConstraint(fields=("operator", "driver", "site"), name="favourite_once"),
                ],
            },
        ),
    ]
