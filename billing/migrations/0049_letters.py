"""Letters with a document, and how an operator mails them."""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import tenants.identifiers
import tenants.rls.constraints
import tenants.scoping
import tenants.sealed_fields
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0048_reminders"),
        ("tenants", "0044_consent_papers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DocumentLetter",
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
                ("nth", models.PositiveSmallIntegerField(default=1)),
                ("address", tenants.sealed_fields.SealedEmailField(blank=True, max_length=254, verbose_name="to")),
                ("handed_at", models.DateTimeField(null=True)),
                ("sent_at", models.DateTimeField(null=True, verbose_name="sent")),
                ("bounced_at", models.DateTimeField(null=True, verbose_name="came back")),
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
                    "invoice",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="letters",
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
                    "reminder",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="letters",
                        to="billing.reminder",
                    ),
                ),
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
                    models.Index(fields=["operator", "-queued_at", "-id"], name="document_letter_newest"),
                    models.Index(
                        condition=models.Q(("state__in", ["queued", "running"])),
                        fields=["operator", "id"],
                        name="document_letter_open",
                    ),
                    models.Index(
                        condition=models.Q(("state__in", ["queued", "running"])),
                        fields=["operator", "-leased_until"],
                        name="document_letter_next",
                    ),
                    models.Index(fields=["operator", "-sent_at"], name="document_letter_sent"),
                    models.Index(fields=["operator", "account"], name="document_letter_of_account"),
                ],
                "constraints": [
                    tenants.rls.constraints.RowSecurity(name="document_letter_row_security"),
                    tenants.rls.constraints.SameOperatorInBulk(
                        fields=("account", "invoice", "reminder"), name="document_letter_same_operator"
                    ),
                    models.UniqueConstraint(
                        fields=("operator", "invoice", "reminder", "nth"),
                        name="document_letter_once",
                        nulls_distinct=False,
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MailRules",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("on_issue", models.BooleanField(default=False, verbose_name="mail invoices when they are issued")),
                ("attaches_pdf", models.BooleanField(default=True, verbose_name="attach the PDF")),
                (
                    "per_minute",
                    models.PositiveSmallIntegerField(
                        default=60,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(6000),
                        ],
                        verbose_name="letters a minute",
                    ),
                ),
                ("texts", models.JSONField(blank=True, default=dict, verbose_name="your own words")),
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
                    tenants.rls.constraints.RowSecurity(name="mail_rules_row_security"),
                    models.UniqueConstraint(fields=("operator",), name="mail_rules_once"),
                    models.CheckConstraint(condition=models.Q(("per_minute__gte", 1)), name="mail_rules_go_on"),
                ],
            },
        ),
    ]
