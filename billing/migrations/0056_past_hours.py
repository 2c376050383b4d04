"""Sums by hour of sessions that are kept no longer, and sums by day that know of them."""

import django.db.models.deletion
from django.db import migrations, models

from tenants.migrations._at_once import DrawnOnce

import tenants.rls.constraints
import tenants.scoping

_SUMMED_BY = ["operator", "started_on", "site", "ended_on", "status", "problem", "currency"]


class Migration(DrawnOnce):
    dependencies = [
        ("billing", "0055_e_invoices_of_hosts"),
        ("charging", "0025_settings"),
    ]

    operations = [
        migrations.CreateModel(
            name="PastHour",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("began", models.DateTimeField()),
                ("ended_on", models.DateField()),
                ("status", models.CharField(max_length=16)),
                ("currency", models.CharField(blank=True, max_length=3)),
                ("sessions", models.BigIntegerField()),
                ("energy_wh", models.BigIntegerField()),
                ("duration_s", models.BigIntegerField()),
                ("amount_excl_vat", models.DecimalField(decimal_places=6, max_digits=24)),
                ("amount_incl_vat", models.DecimalField(decimal_places=6, max_digits=24)),
                (
                    "operator",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.operator",
                    ),
                ),
                (
                    "site",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="charging.site",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "indexes": [models.Index(fields=["site", "began"], name="past_hour_of_site")],
                "constraints": [
                    tenants.rls.constraints.RowSecurity(name="past_hour_row_security"),
                    tenants.rls.constraints.SameOperatorInBulk(fields=("site",), name="past_hour_same_operator"),
                    models.UniqueConstraint(
                        fields=("operator", "began", "site", "ended_on", "status", "currency"), name="past_hour_once"
                    ),
                    models.CheckConstraint(condition=models.Q(("sessions__gt", 0)), name="past_hour_holds_sessions"),
                ],
            },
        ),
        migrations.RemoveConstraint(model_name="daysum", name="day_sum_once"),
        migrations.AddField(model_name="daysum", name="is_past", field=models.BooleanField(default=False)),
        migrations.AddConstraint(
            model_name="daysum",
            constraint=models.UniqueConstraint(
                fields=[*_SUMMED_BY, "is_past"], name="day_sum_once", nulls_distinct=False
            ),
        ),
    ]
