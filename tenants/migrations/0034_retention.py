"""For how long things are kept: rules, legal holds, and the nights on which things went."""

from typing import ClassVar

import django.db.models.deletion
import django.utils.timezone
import tenants.identifiers
import tenants.rls.constraints
import tenants.scoping
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("tenants", "0033_notices_and_requests"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="LegalHold",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True)),
                ("reason", models.CharField(max_length=500, verbose_name="why")),
                ("since", models.DateTimeField(verbose_name="since")),
                ("until", models.DateTimeField(null=True, verbose_name="until")),
                ("made_by_id", models.BigIntegerField(null=True)),
                (
                    "driver",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="holds",
                        to="tenants.driver",
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
                "indexes": [
                    models.Index(
                        condition=models.Q(("until", None)), fields=["operator", "driver"], name="legal_hold_now"
                    )
                ],
                "constraints": [
                    tenants.rls.constraints.RowSecurity(name="legal_hold_row_security"),
                    tenants.rls.constraints.SameOperator(field="driver", name="legal_hold_driver_same_operator"),
                ],
            },
        ),
        migrations.CreateModel(
            name="RetentionNight",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "waiting"),
                            ("running", "running"),
                            ("done", "done"),
                            ("failed", "failed"),
                            ("set_aside", "set aside"),
                        ],
                        default="queued",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("queued_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("claimed_at", models.DateTimeField(null=True)),
                ("leased_until", models.DateTimeField(null=True)),
                ("error", models.CharField(blank=True, max_length=60)),
                ("error_facts", models.JSONField(blank=True, default=dict)),
                ("done", models.BigIntegerField(default=0)),
                ("total", models.BigIntegerField(default=0)),
                ("night", models.DateField()),
                ("at", models.DateTimeField()),
                ("counts", models.JSONField(default=dict)),
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
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["queued", "running"])),
                        fields=["operator", "id"],
                        name="retention_night_open",
                    )
                ],
                "constraints": [
                    tenants.rls.constraints.RowSecurity(name="retention_night_row_security"),
                    models.UniqueConstraint(fields=("operator", "night"), name="retention_night_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="RetentionRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=20, verbose_name="what")),
                ("days", models.PositiveIntegerField(verbose_name="days")),
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
                    tenants.rls.constraints.RowSecurity(name="retention_rule_row_security"),
                    models.UniqueConstraint(fields=("operator", "code"), name="retention_rule_once"),
                ],
            },
        ),
    ]
