"""Meters that sign: their keys, what they signed, and what billing demands of it."""

import django.db.models.deletion
import tenants.identifiers
import tenants.rls.constraints
import tenants.scoping
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("charging", "0023_rows_in_clear_are_gone"),
        ("tenants", "0051_names_in_clear_are_gone"),
    ]

    operations = [
        migrations.CreateModel(
            name="MeterKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True)),
                ("serial", models.CharField(blank=True, max_length=50, verbose_name="serial number of the meter")),
                ("curve", models.CharField(max_length=20, verbose_name="curve")),
                ("public_key", models.CharField(max_length=400, verbose_name="public key")),
                ("valid_from", models.DateField(verbose_name="from")),
                ("valid_until", models.DateField(blank=True, null=True, verbose_name="until")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "connector",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="meter_keys",
                        to="charging.connector",
                    ),
                ),
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
                    tenants.rls.constraints.RowSecurity(name="meter_key_row_security"),
                    tenants.rls.constraints.SameOperator(field="connector", name="meter_key_connector_same_operator"),
                    models.UniqueConstraint(fields=("operator", "connector", "public_key"), name="meter_key_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("valid_until__isnull", True), ("valid_until__gte", models.F("valid_from")), _connector="OR"
                        ),
                        name="meter_key_in_order",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MeterRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "demand",
                    models.CharField(
                        choices=[
                            ("nothing", "nothing: bill also what no meter has signed"),
                            ("with_key", "proof wherever the key of a meter is registered"),
                            ("always", "proof of every charge that a station reports itself"),
                        ],
                        default="nothing",
                        max_length=10,
                        verbose_name="what billing demands",
                    ),
                ),
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
                    tenants.rls.constraints.RowSecurity(name="meter_rule_row_security"),
                    models.UniqueConstraint(fields=("operator",), name="meter_rule_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="SignedRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.IntegerField()),
                ("context", models.CharField(blank=True, max_length=30)),
                ("raw", models.TextField()),
                ("digest", models.CharField(max_length=64)),
                ("received_at", models.DateTimeField(verbose_name="received")),
                ("is_due", models.BooleanField(default=False)),
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
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="signed_records",
                        to="charging.station",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["operator", "station", "digest"], name="signed_record_again"),
                    models.Index(
                        condition=models.Q(("is_due", True)), fields=["operator", "id"], name="signed_record_due"
                    ),
                ],
                "constraints": [
                    tenants.rls.constraints.RowSecurity(name="signed_record_row_security"),
                    tenants.rls.constraints.SameOperator(field="station", name="signed_record_station_same_operator"),
                    models.UniqueConstraint(fields=("operator", "number", "digest"), name="signed_record_once"),
                ],
            },
        ),
    ]
