"""Reminders: the operator's steps and terms, and what was sent, which never changes."""

import django.core.validators
import django.db.models.deletion
import tenants.identifiers
import tenants.rls.constraints
import tenants.scoping
from django.conf import settings
from django.db import migrations, models

from tenants.migrations._at_once import DrawnOnce


FINAL = """
CREATE TRIGGER final_reminder_changed BEFORE UPDATE ON billing_reminder FOR EACH ROW
    WHEN (NOT (new.sent_by_id IS NULL AND (to_jsonb(new.*) - 'sent_by_id') = (to_jsonb(old.*) - 'sent_by_id')))
    EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER final_reminder_deleted BEFORE DELETE ON billing_reminder
    FOR EACH ROW EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON billing_reminder
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
"""
UNDO = """
DROP TRIGGER never_emptied ON billing_reminder;
DROP TRIGGER final_reminder_deleted ON billing_reminder;
DROP TRIGGER final_reminder_changed ON billing_reminder;
"""


class Migration(DrawnOnce):
    dependencies = [
        ("billing", "0047_hosts"),
        ("tenants", "0044_consent_papers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Reminder",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True)),
                ("nth", models.PositiveSmallIntegerField(verbose_name="reminder")),
                (
                    "what",
                    models.CharField(
                        choices=[("reminder", "reminder"), ("collection", "to the collection agency")],
                        max_length=10,
                        verbose_name="what was done",
                    ),
                ),
                ("sent_on", models.DateField(verbose_name="sent")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("rest", models.BigIntegerField(verbose_name="unpaid then")),
                (
                    "costs_kind",
                    models.CharField(
                        blank=True,
                        choices=[("", "none"), ("fee", "reminder fee"), ("compensation", "late-payment compensation")],
                        default="",
                        max_length=12,
                        verbose_name="kind of costs",
                    ),
                ),
                ("costs", models.BigIntegerField(default=0, verbose_name="costs")),
                ("interest", models.BigIntegerField(default=0, verbose_name="late interest")),
                ("text", models.TextField(blank=True, verbose_name="text")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "account",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.account",
                    ),
                ),
                (
                    "charge",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="charge_of",
                        to="billing.invoice",
                    ),
                ),
                (
                    "invoice",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reminders",
                        to="billing.invoice",
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
                    "sent_by",
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
                    models.Index(fields=["operator", "-sent_on", "-id"], name="reminder_newest"),
                    models.Index(fields=["operator", "account"], name="reminder_of_account"),
                    models.Index(
                        condition=models.Q(("charge__isnull", False)),
                        fields=["operator", "charge"],
                        name="reminder_by_charge",
                    ),
                ],
                "constraints": [
                    tenants.rls.constraints.RowSecurity(name="reminder_row_security"),
                    tenants.rls.constraints.SameOperatorInBulk(
                        fields=("account", "invoice", "charge"), name="reminder_same_operator"
                    ),
                    models.UniqueConstraint(fields=("operator", "invoice", "nth"), name="reminder_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("charge__isnull", True), ("costs", 0), ("costs_kind", ""), ("interest", 0)),
                            models.Q(("charge__isnull", False), ("costs__gte", 0), ("interest__gte", 0)),
                            _connector="OR",
                        ),
                        name="reminder_charges_on_its_document",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReminderStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "days",
                    models.PositiveSmallIntegerField(
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(365),
                        ],
                        verbose_name="days after the due date",
                    ),
                ),
                (
                    "what",
                    models.CharField(
                        choices=[("reminder", "reminder"), ("collection", "to the collection agency")],
                        default="reminder",
                        max_length=10,
                        verbose_name="what is done",
                    ),
                ),
                ("asks_costs", models.BooleanField(default=False, verbose_name="with the costs that the law allows")),
                ("asks_interest", models.BooleanField(default=False, verbose_name="with late interest")),
                ("texts", models.JSONField(blank=True, default=dict, verbose_name="text")),
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
                    tenants.rls.constraints.RowSecurity(name="reminder_step_row_security"),
                    models.UniqueConstraint(fields=("operator", "days"), name="reminder_step_once_a_day"),
                    models.CheckConstraint(
                        condition=models.Q(("days__gte", 1), ("days__lte", 365)), name="reminder_step_within_a_year"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("what", "reminder"),
                            models.Q(("asks_costs", False), ("asks_interest", False)),
                            _connector="OR",
                        ),
                        name="reminder_step_collection_asks_nothing",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReminderTerms",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("fee_since", models.DateField(blank=True, null=True, verbose_name="reminder fee agreed since")),
                ("due_day_agreed", models.BooleanField(default=False, verbose_name="the last day to pay is agreed")),
                (
                    "least",
                    models.DecimalField(
                        decimal_places=2, default=0, max_digits=8, verbose_name="smallest amount that is reminded of"
                    ),
                ),
                (
                    "account",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.account",
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
                    tenants.rls.constraints.RowSecurity(name="reminder_terms_row_security"),
                    tenants.rls.constraints.SameOperator(field="account", name="reminder_terms_account_same_operator"),
                    models.UniqueConstraint(
                        fields=("operator", "account"), name="reminder_terms_once", nulls_distinct=False
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("least__gte", 0)), name="reminder_terms_least_not_negative"
                    ),
                ],
            },
        ),
        migrations.RunSQL(FINAL, UNDO),
    ]
