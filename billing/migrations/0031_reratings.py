"""Re-ratings, and which invoice another one bills anew. No row is written: the new column begins empty."""

from typing import ClassVar

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import Q

import tenants.identifiers
import tenants.rls.constraints
import tenants.scoping


def _owned(to: str, related_name: str, *, null: bool = False, cascades: bool = False) -> models.ForeignKey:
    return tenants.scoping.OwnedForeignKey(
        db_constraint=False,
        db_index=False,
        null=null,
        on_delete=django.db.models.deletion.CASCADE if cascades else django.db.models.deletion.PROTECT,
        related_name=related_name,
        to=to,
    )


def _operator() -> models.ForeignKey:
    return models.ForeignKey(
        db_index=False,
        editable=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to="tenants.operator",
    )


def _ids() -> models.Field:
    return django.contrib.postgres.fields.ArrayField(
        base_field=models.BigIntegerField(), blank=True, default=list, size=None
    )


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("billing", "0030_what_is_open"),
        ("tenants", "0025_every_driver_has_an_account"),
    ]

    operations: ClassVar = [
        migrations.AddField(
            model_name="invoice", name="replaces", field=_owned("billing.invoice", "replacements", null=True)
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=tenants.rls.constraints.SameOperator(field="replaces", name="invoice_replaces_same_operator"),
        ),
        AddConstraintNotValid(
            model_name="invoice",
            constraint=models.CheckConstraint(
                condition=Q(("replaces__isnull", True), ("kind", "invoice"), _connector="OR"),
                name="invoice_replaces_as_an_invoice",
            ),
        ),
        migrations.CreateModel(
            name="Rerating",
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
                (
                    "public_id",
                    models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                ),
                (
                    "why",
                    models.CharField(
                        choices=[
                            ("tariff", "the tariff was wrong"),
                            ("meter", "values of the meter were corrected"),
                            ("agreement", "something else was agreed"),
                        ],
                        max_length=10,
                        verbose_name="why",
                    ),
                ),
                ("reason", models.CharField(max_length=300, verbose_name="reason")),
                ("since", models.DateField(verbose_name="from")),
                ("until", models.DateField(verbose_name="to")),
                ("sites", _ids()),
                ("accounts", _ids()),
                (
                    "stage",
                    models.CharField(
                        choices=[
                            ("preview", "being worked out"),
                            ("ready", "ready to decide"),
                            ("carried_out", "being carried out"),
                            ("finished", "finished"),
                        ],
                        default="preview",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                ("requested_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("operator", _operator()),
                (
                    "requested_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        condition=Q(("state__in", ["queued", "running"])),
                        fields=["operator", "id"],
                        name="rerating_open",
                    ),
                    models.Index(fields=["operator", "-requested_at"], name="rerating_newest"),
                ],
                "constraints": [
                    tenants.rls.constraints.RowSecurity(name="rerating_row_security"),
                    models.UniqueConstraint(fields=("operator", "id"), name="rerating_of_operator"),
                ],
            },
        ),
        migrations.CreateModel(
            name="RerateItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "sessions",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("planned", "not worked out yet"),
                            ("same", "nothing changes"),
                            ("changes", "changes"),
                            ("done", "done"),
                            ("refused", "cannot be done"),
                        ],
                        default="planned",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("credited", models.DecimalField(decimal_places=2, default=0, max_digits=14)),
                ("billed", models.DecimalField(decimal_places=2, default=0, max_digits=14)),
                (
                    "documents",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                ("code", models.CharField(blank=True, max_length=40)),
                ("facts", models.JSONField(blank=True, default=dict)),
                ("account", _owned("tenants.account", "+")),
                ("invoice", _owned("billing.invoice", "+")),
                ("operator", _operator()),
                ("rerating", _owned("billing.rerating", "items", cascades=True)),
            ],
            options={
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["operator", "rerating", "state", "id"], name="rerate_item_by_state"),
                    models.Index(fields=["operator", "rerating", "account"], name="rerate_item_of_account"),
                ],
                "constraints": [
                    tenants.rls.constraints.RowSecurity(name="rerate_item_row_security"),
                    tenants.rls.constraints.SameOperator(field="rerating", name="rerate_item_rerating_same_operator"),
                    tenants.rls.constraints.SameOperator(field="invoice", name="rerate_item_invoice_same_operator"),
                    tenants.rls.constraints.SameOperator(field="account", name="rerate_item_account_same_operator"),
                    models.UniqueConstraint(fields=("operator", "invoice", "rerating"), name="rerate_item_once"),
                ],
            },
        ),
    ]
