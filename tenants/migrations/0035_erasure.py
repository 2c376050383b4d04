"""Erasures: the work of each, and its certificate."""

from typing import ClassVar

import django.db.models.deletion
import django.utils.timezone
import tenants.identifiers
import tenants.rls.constraints
import tenants.scoping
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("tenants", "0034_retention"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Erasure",
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
                ("public_id", models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True)),
                ("answer", models.TextField(blank=True, max_length=5000)),
                ("requested_by_id", models.BigIntegerField(null=True)),
                ("erased_at", models.DateTimeField(null=True)),
                ("went", models.JSONField(default=dict)),
                ("stays", models.JSONField(default=list)),
                (
                    "driver",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="erasures",
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
                (
                    "request",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="erasures",
                        to="tenants.personrequest",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["queued", "running"])),
                        fields=["operator", "id"],
                        name="erasure_open",
                    )
                ],
                "constraints": [
                    tenants.rls.constraints.RowSecurity(name="erasure_row_security"),
                    tenants.rls.constraints.SameOperator(field="driver", name="erasure_driver_same_operator"),
                    tenants.rls.constraints.SameOperator(field="request", name="erasure_request_same_operator"),
                    models.UniqueConstraint(fields=("operator", "driver"), name="erasure_once"),
                ],
            },
        ),
    ]
