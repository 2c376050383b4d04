"""All tables of this floor as they were when its migrations became one, and what they keep to (`walls.sql`)."""

from pathlib import Path

import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import django.utils.timezone
import tenants.migrations._at_once
import tenants.identifiers
import tenants.rls.constraints
import tenants.scoping
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [
        ("billing", "0001_initial"),
        ("billing", "0002_immutable"),
        ("billing", "0003_never_emptied"),
        ("billing", "0004_problems_as_codes"),
        ("billing", "0005_day_sums"),
        ("billing", "0006_stale_days"),
        ("billing", "0007_largest_of_run"),
        ("billing", "0008_work_is_a_row"),
        ("billing", "0009_renderings"),
        ("billing", "0010_few_among_invoices"),
        ("billing", "0011_frozen_whatever_the_scope"),
        ("billing", "0012_names_as_issued"),
        ("billing", "0013_names_of_issued_runs"),
        ("billing", "0014_assignments_named_in_public"),
        ("billing", "0015_invoice_by_amount"),
        ("billing", "0016_price_effect"),
        ("billing", "0017_documents_and_remarks"),
        ("billing", "0018_due_and_set_aside"),
        ("billing", "0019_accounts"),
        ("billing", "0020_prices_including_vat"),
        ("billing", "0021_assigned_to_accounts_and_stations"),
        ("billing", "0023_credit_notes_of_parts"),
        ("billing", "0024_credit_reasons"),
        ("billing", "0025_letterhead"),
        ("billing", "0026_simulation"),
        ("billing", "0027_fees"),
        ("billing", "0028_lines_of_fees"),
        ("billing", "0029_payments"),
        ("billing", "0030_what_is_open"),
        ("billing", "0031_reratings"),
        ("billing", "0032_billed_anew_beside_its_run"),
    ]

    dependencies = [("tenants", "0037_baseline"), ("charging", "0020_baseline")]

    operations = [
        tenants.migrations._at_once.AtOnce(
            operations=[
                migrations.CreateModel(
                    name="InvoiceRun",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        ("month", models.DateField(help_text="First day of the billed month.", verbose_name="month")),
                        ("until", models.DateTimeField(help_text="End of the month in the operator's zone.")),
                        ("since", models.DateTimeField(null=True)),
                        (
                            "state",
                            models.CharField(
                                choices=[("running", "drafting"), ("ready", "ready to issue"), ("issued", "issued")],
                                default="running",
                                max_length=8,
                                verbose_name="state",
                            ),
                        ),
                        ("sessions_total", models.BigIntegerField(default=0)),
                        ("sessions_done", models.BigIntegerField(default=0)),
                        ("started_at", models.DateTimeField()),
                        ("drafted_at", models.DateTimeField(null=True)),
                        ("issued_at", models.DateTimeField(null=True)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "issued_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
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
                            "started_by",
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
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="run_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="run_of_operator"),
                            models.UniqueConstraint(fields=("operator", "month"), name="run_month_once"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Invoice",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[("invoice", "invoice"), ("credit_note", "credit note")],
                                default="invoice",
                                max_length=12,
                                verbose_name="kind",
                            ),
                        ),
                        ("reason", models.CharField(blank=True, max_length=300, verbose_name="reason")),
                        (
                            "state",
                            models.CharField(
                                choices=[("draft", "draft"), ("issued", "issued")],
                                default="draft",
                                max_length=8,
                                verbose_name="state",
                            ),
                        ),
                        ("series", models.CharField(default="F", max_length=20)),
                        ("number", models.BigIntegerField(null=True, verbose_name="number")),
                        ("month", models.DateField(verbose_name="month")),
                        ("currency", models.CharField(max_length=3, verbose_name="currency")),
                        ("amount_excl_vat", models.DecimalField(decimal_places=2, max_digits=14)),
                        ("vat", models.DecimalField(decimal_places=2, max_digits=14)),
                        ("rounding", models.DecimalField(decimal_places=2, default=0, max_digits=14)),
                        ("amount_due", models.DecimalField(decimal_places=2, max_digits=14)),
                        ("session_count", models.PositiveIntegerField(default=0)),
                        ("energy_wh", models.BigIntegerField(default=0)),
                        ("seller", models.JSONField(default=dict)),
                        ("drafted_at", models.DateTimeField()),
                        ("issued_at", models.DateTimeField(null=True, verbose_name="issued")),
                        ("due_on", models.DateField(null=True, verbose_name="due")),
                        (
                            "buyer",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.driveridentity",
                            ),
                        ),
                        (
                            "credits",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="credit_notes",
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
                            "run",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="invoices",
                                to="billing.invoicerun",
                            ),
                        ),
                        (
                            "customer_number",
                            models.CharField(blank=True, max_length=30, verbose_name="customer number"),
                        ),
                        (
                            "account",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="invoices",
                                to="tenants.account",
                            ),
                        ),
                        (
                            "leaves_rest",
                            models.BooleanField(
                                default=False, help_text="Of a credit note: its invoice is not undone wholly."
                            ),
                        ),
                        (
                            "replaces",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="replacements",
                                to="billing.invoice",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [
                            models.Index(fields=["operator", "-month", "-id"], name="invoice_newest"),
                            models.Index(
                                fields=["operator", "run", "-amount_due", "id"], name="invoice_largest_of_run"
                            ),
                            models.Index(
                                condition=models.Q(("kind", "credit_note")),
                                fields=["operator", "-month", "-id"],
                                name="invoice_credit_notes",
                            ),
                            models.Index(
                                condition=models.Q(("state", "draft")),
                                fields=["operator", "-month", "-id"],
                                name="invoice_drafts",
                            ),
                            models.Index(fields=["operator", "amount_due", "id"], name="invoice_by_amount"),
                            models.Index(
                                condition=models.Q(("state", "issued")),
                                fields=["operator", "kind", "issued_at", "id"],
                                name="invoice_by_date",
                            ),
                            models.Index(
                                condition=models.Q(("kind", "invoice"), ("state", "issued")),
                                fields=["operator", "due_on"],
                                name="invoice_by_due",
                            ),
                            models.Index(fields=["operator", "account", "-month"], name="invoice_of_account"),
                            models.Index(
                                condition=models.Q(("credits__isnull", False)),
                                fields=["operator", "credits"],
                                name="invoice_notes_of",
                            ),
                            models.Index(
                                condition=models.Q(("replaces__isnull", False)),
                                fields=["operator", "replaces"],
                                name="invoice_anew_of",
                            ),
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="invoice_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="invoice_of_operator"),
                            tenants.rls.constraints.SameOperator(field="run", name="invoice_run_same_operator"),
                            tenants.rls.constraints.SameOperator(field="buyer", name="invoice_buyer_same_operator"),
                            tenants.rls.constraints.SameOperator(field="credits", name="invoice_credits_same_operator"),
                            models.UniqueConstraint(
                                fields=("operator", "series", "number"), name="invoice_number_once"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("issued_at__isnull", True), ("number__isnull", True), ("state", "draft")),
                                    models.Q(
                                        ("issued_at__isnull", False), ("number__isnull", False), ("state", "issued")
                                    ),
                                    _connector="OR",
                                ),
                                name="invoice_issued_has_number",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("credits__isnull", True), ("kind", "invoice")),
                                    models.Q(("credits__isnull", False), ("kind", "credit_note")),
                                    _connector="OR",
                                ),
                                name="invoice_credit_note_names_original",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "amount_due",
                                        django.db.models.expressions.CombinedExpression(
                                            django.db.models.expressions.CombinedExpression(
                                                models.F("amount_excl_vat"), "+", models.F("vat")
                                            ),
                                            "+",
                                            models.F("rounding"),
                                        ),
                                    )
                                ),
                                name="invoice_adds_up",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("number__isnull", True), ("number__gt", 0), _connector="OR"),
                                name="invoice_number_positive",
                            ),
                            tenants.rls.constraints.SameOperator(field="account", name="invoice_account_same_operator"),
                            models.UniqueConstraint(
                                condition=models.Q(("leaves_rest", False)),
                                fields=("operator", "credits"),
                                name="invoice_credited_once",
                            ),
                            tenants.rls.constraints.SameOperator(
                                field="replaces", name="invoice_replaces_same_operator"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("replaces__isnull", True), ("kind", "invoice"), _connector="OR"),
                                name="invoice_replaces_as_an_invoice",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("replaces__isnull", True)),
                                fields=("operator", "run", "account"),
                                name="invoice_drafted_once_a_run",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="InvoiceVat",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("vat_rate", models.DecimalField(decimal_places=2, max_digits=5, null=True)),
                        ("taxable", models.DecimalField(decimal_places=2, max_digits=14)),
                        ("vat", models.DecimalField(decimal_places=2, max_digits=14)),
                        (
                            "invoice",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="vat_rows",
                                to="billing.invoice",
                            ),
                        ),
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
                    ],
                    options={
                        "default_permissions": (),
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="invoice_vat_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="invoice_vat_of_operator"),
                            tenants.rls.constraints.SameOperatorInBulk(
                                fields=("invoice",), name="invoice_vat_same_operator"
                            ),
                            models.UniqueConstraint(
                                fields=("operator", "invoice", "vat_rate"),
                                name="invoice_vat_once",
                                nulls_distinct=False,
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="NumberSeries",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("code", models.CharField(max_length=20)),
                        ("last_number", models.BigIntegerField(default=0)),
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
                            tenants.rls.constraints.RowSecurity(name="number_series_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="number_series_of_operator"),
                            models.UniqueConstraint(fields=("operator", "code"), name="number_series_once"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RunChunk",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "sessions",
                            models.BigIntegerField(
                                default=0, help_text="How many were waiting when the run was planned."
                            ),
                        ),
                        ("attempts", models.PositiveSmallIntegerField(default=0)),
                        ("leased_until", models.DateTimeField(null=True)),
                        ("error", models.CharField(blank=True, max_length=60)),
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
                            "run",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="chunks",
                                to="billing.invoicerun",
                            ),
                        ),
                        ("claimed_at", models.DateTimeField(null=True)),
                        ("done", models.BigIntegerField(default=0)),
                        ("error_facts", models.JSONField(blank=True, default=dict)),
                        ("queued_at", models.DateTimeField(default=django.utils.timezone.now)),
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
                        ("total", models.BigIntegerField(default=0)),
                        ("first_account_id", models.BigIntegerField()),
                        ("last_account_id", models.BigIntegerField()),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state__in", ["queued", "running"])),
                                fields=["operator", "id"],
                                name="run_chunk_open",
                            )
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="run_chunk_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="run_chunk_of_operator"),
                            tenants.rls.constraints.SameOperator(field="run", name="run_chunk_run_same_operator"),
                            models.UniqueConstraint(
                                fields=("operator", "run", "first_account_id"), name="run_chunk_once"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RunProblem",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("code", models.CharField(max_length=40)),
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
                            "run",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="problems",
                                to="billing.invoicerun",
                            ),
                        ),
                        ("facts", models.JSONField(default=dict)),
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
                    ],
                    options={
                        "default_permissions": (),
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="run_problem_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="run_problem_of_operator"),
                            tenants.rls.constraints.SameOperator(field="run", name="run_problem_run_same_operator"),
                            tenants.rls.constraints.SameOperator(
                                field="account", name="run_problem_account_same_operator"
                            ),
                            models.UniqueConstraint(fields=("operator", "run", "account"), name="run_problem_once"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Tariff",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        ("name", models.CharField(max_length=100, verbose_name="name")),
                        ("currency", models.CharField(default="SEK", max_length=3, verbose_name="currency")),
                        ("is_archived", models.BooleanField(default=False, verbose_name="archived")),
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
                            tenants.rls.constraints.RowSecurity(name="tariff_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="tariff_of_operator"),
                            models.UniqueConstraint(fields=("operator", "name"), name="tariff_name_once"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="TariffAssignment",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("valid_from", models.DateTimeField(verbose_name="from")),
                        ("valid_until", models.DateTimeField(blank=True, null=True, verbose_name="until")),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "driver",
                            tenants.scoping.OwnedForeignKey(
                                blank=True,
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="tariff_assignments",
                                to="tenants.driver",
                            ),
                        ),
                        (
                            "group",
                            tenants.scoping.OwnedForeignKey(
                                blank=True,
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="tariff_assignments",
                                to="tenants.drivergroup",
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
                            "site",
                            tenants.scoping.OwnedForeignKey(
                                blank=True,
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="tariff_assignments",
                                to="charging.site",
                            ),
                        ),
                        (
                            "tariff",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="assignments",
                                to="billing.tariff",
                            ),
                        ),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        (
                            "account",
                            tenants.scoping.OwnedForeignKey(
                                blank=True,
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="tariff_assignments",
                                to="tenants.account",
                            ),
                        ),
                        (
                            "station",
                            tenants.scoping.OwnedForeignKey(
                                blank=True,
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="tariff_assignments",
                                to="charging.station",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="tariff_assignment_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="tariff_assignment_of_operator"),
                            tenants.rls.constraints.SameOperator(
                                field="tariff", name="tariff_assignment_tariff_same_operator"
                            ),
                            tenants.rls.constraints.SameOperator(
                                field="driver", name="tariff_assignment_driver_same_operator"
                            ),
                            tenants.rls.constraints.SameOperator(
                                field="group", name="tariff_assignment_group_same_operator"
                            ),
                            tenants.rls.constraints.SameOperator(
                                field="site", name="tariff_assignment_site_same_operator"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("valid_until__isnull", True),
                                    ("valid_until__gt", models.F("valid_from")),
                                    _connector="OR",
                                ),
                                name="tariff_assignment_until_after_from",
                            ),
                            tenants.rls.constraints.SameOperator(
                                field="account", name="tariff_assignment_account_same_operator"
                            ),
                            tenants.rls.constraints.SameOperator(
                                field="station", name="tariff_assignment_station_same_operator"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("account__isnull", True), ("group__isnull", True), ("site__isnull", True)
                                    ),
                                    models.Q(("driver__isnull", True), ("group__isnull", True), ("site__isnull", True)),
                                    models.Q(
                                        ("account__isnull", True), ("driver__isnull", True), ("site__isnull", True)
                                    ),
                                    models.Q(
                                        ("account__isnull", True), ("driver__isnull", True), ("group__isnull", True)
                                    ),
                                    _connector="OR",
                                ),
                                name="tariff_assignment_one_target",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("station__isnull", True), ("site__isnull", False), _connector="OR"),
                                name="tariff_assignment_station_with_site",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="TariffVersion",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        ("number", models.PositiveIntegerField(verbose_name="version")),
                        ("document", models.JSONField()),
                        ("document_sha256", models.CharField(editable=False, max_length=64)),
                        ("valid_from", models.DateTimeField(blank=True, null=True, verbose_name="valid from")),
                        ("published_at", models.DateTimeField(editable=False, null=True, verbose_name="published")),
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
                        (
                            "published_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "tariff",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="versions",
                                to="billing.tariff",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="tariff_version_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="tariff_version_of_operator"),
                            tenants.rls.constraints.SameOperator(
                                field="tariff", name="tariff_version_tariff_same_operator"
                            ),
                            models.UniqueConstraint(
                                fields=("operator", "tariff", "number"), name="tariff_version_number_once"
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("published_at__isnull", True)),
                                fields=("operator", "tariff"),
                                name="tariff_version_one_draft",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("published_at__isnull", True), ("valid_from__isnull", False), _connector="OR"
                                ),
                                name="tariff_version_published_has_start",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SessionPrice",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("priced", "priced"),
                                    ("free", "free of charge"),
                                    ("problem", "cannot be priced"),
                                ],
                                max_length=8,
                            ),
                        ),
                        ("problem", models.CharField(blank=True, max_length=40)),
                        ("currency", models.CharField(blank=True, max_length=3)),
                        ("amount_excl_vat", models.DecimalField(decimal_places=6, default=0, max_digits=18)),
                        ("amount_incl_vat", models.DecimalField(decimal_places=6, default=0, max_digits=18)),
                        ("lines", models.JSONField(default=list)),
                        (
                            "flags",
                            models.PositiveIntegerField(default=0, help_text="billing.domain.sessions.columns.Flag"),
                        ),
                        ("rated_at", models.DateTimeField()),
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
                            "session",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="prices",
                                to="charging.chargingsession",
                            ),
                        ),
                        (
                            "tariff_version",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="session_prices",
                                to="billing.tariffversion",
                            ),
                        ),
                        ("problem_facts", models.JSONField(default=dict)),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state", "problem")),
                                fields=["operator", "session"],
                                name="session_price_problem",
                            )
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="session_price_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="session_price_of_operator"),
                            tenants.rls.constraints.SameOperatorInBulk(
                                fields=("session", "tariff_version"), name="session_price_same_operator"
                            ),
                            models.UniqueConstraint(
                                fields=("operator", "session"),
                                include=("state", "currency", "amount_excl_vat", "amount_incl_vat"),
                                name="session_price_once",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("state", "problem"), ("tariff_version__isnull", False), _connector="OR"
                                ),
                                name="session_price_has_tariff",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="InvoiceLine",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("position", models.PositiveIntegerField()),
                        ("component", models.CharField(max_length=16)),
                        ("quantity", models.DecimalField(decimal_places=6, max_digits=18)),
                        ("unit", models.CharField(max_length=8)),
                        ("unit_price", models.DecimalField(decimal_places=6, max_digits=14)),
                        ("vat_rate", models.DecimalField(decimal_places=2, max_digits=5, null=True)),
                        ("amount_excl_vat", models.DecimalField(decimal_places=2, max_digits=14)),
                        (
                            "invoice",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="lines",
                                to="billing.invoice",
                            ),
                        ),
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
                            "session",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="invoice_lines",
                                to="charging.chargingsession",
                            ),
                        ),
                        (
                            "tariff_version",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="billing.tariffversion",
                            ),
                        ),
                        ("amount_incl_vat", models.DecimalField(decimal_places=2, max_digits=14, null=True)),
                        (
                            "fee",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="lines",
                                to="billing.billedfee",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [
                            models.Index(fields=["operator", "session"], name="invoice_line_of_session"),
                            models.Index(
                                condition=models.Q(("fee__isnull", False)),
                                fields=["operator", "fee"],
                                name="invoice_line_of_fee",
                            ),
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="invoice_line_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="invoice_line_of_operator"),
                            models.UniqueConstraint(
                                fields=("operator", "invoice", "position"), name="invoice_line_position_once"
                            ),
                            tenants.rls.constraints.SameOperatorInBulk(
                                fields=("invoice", "session", "tariff_version", "fee"),
                                name="invoice_line_same_operator",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("fee__isnull", True),
                                        ("session__isnull", False),
                                        ("tariff_version__isnull", False),
                                    ),
                                    models.Q(
                                        ("fee__isnull", False),
                                        ("session__isnull", True),
                                        ("tariff_version__isnull", True),
                                    ),
                                    _connector="OR",
                                ),
                                name="invoice_line_of_session_or_fee",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Export",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[("xlsx", "invoices and lines, XLSX"), ("pdf_zip", "invoices as PDF, ZIP")],
                                max_length=12,
                                verbose_name="what",
                            ),
                        ),
                        ("month", models.DateField(verbose_name="month")),
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
                        ("done", models.BigIntegerField(default=0)),
                        ("total", models.BigIntegerField(default=0)),
                        ("file", models.FileField(blank=True, max_length=300, upload_to="")),
                        ("sha256", models.CharField(blank=True, max_length=64)),
                        ("error", models.CharField(blank=True, max_length=60)),
                        ("leased_until", models.DateTimeField(null=True)),
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
                        (
                            "requested_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("attempts", models.PositiveSmallIntegerField(default=0)),
                        ("claimed_at", models.DateTimeField(null=True)),
                        ("error_facts", models.JSONField(blank=True, default=dict)),
                        ("finished_at", models.DateTimeField(null=True)),
                        ("queued_at", models.DateTimeField(default=django.utils.timezone.now)),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [
                            models.Index(fields=["operator", "-created_at"], name="export_newest"),
                            models.Index(
                                condition=models.Q(("state__in", ["queued", "running"])),
                                fields=["operator", "id"],
                                name="export_open",
                            ),
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="export_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="export_of_operator"),
                            models.UniqueConstraint(
                                condition=models.Q(("state__in", ["queued", "running"])),
                                fields=("operator", "kind", "month"),
                                name="export_open_once",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="BilledSession",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
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
                            "session",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="billings",
                                to="charging.chargingsession",
                            ),
                        ),
                        (
                            "invoice",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="billed_sessions",
                                to="billing.invoice",
                            ),
                        ),
                        (
                            "released_by",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="released_sessions",
                                to="billing.invoice",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [
                            models.Index(fields=["operator", "invoice"], name="billed_session_of_invoice"),
                            models.Index(
                                condition=models.Q(("released_by__isnull", False)),
                                fields=["operator", "released_by"],
                                name="billed_session_released",
                            ),
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="billed_session_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="billed_session_of_operator"),
                            tenants.rls.constraints.SameOperatorInBulk(
                                fields=("session", "invoice", "released_by"), name="billed_session_same_operator"
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("released_by__isnull", True)),
                                fields=("operator", "session"),
                                name="session_billed_once",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="InvoiceDocument",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("pdf", models.BinaryField()),
                        ("sha256", models.CharField(max_length=64)),
                        ("rendered_at", models.DateTimeField()),
                        (
                            "invoice",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="documents",
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
                    ],
                    options={
                        "default_permissions": (),
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="invoice_document_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="invoice_document_of_operator"),
                            tenants.rls.constraints.SameOperator(
                                field="invoice", name="invoice_document_invoice_same_operator"
                            ),
                            models.UniqueConstraint(fields=("operator", "invoice"), name="invoice_document_once"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="DaySum",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("started_on", models.DateField()),
                        ("ended_on", models.DateField(null=True)),
                        ("status", models.CharField(max_length=16)),
                        ("problem", models.CharField(blank=True, max_length=40)),
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
                        "indexes": [
                            models.Index(fields=["operator", "ended_on"], name="day_sum_ended"),
                            models.Index(fields=["site", "started_on"], name="day_sum_of_site"),
                            models.Index(fields=["operator", "status", "-started_on"], name="day_sum_of_status"),
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="day_sum_row_security"),
                            tenants.rls.constraints.SameOperatorInBulk(fields=("site",), name="day_sum_same_operator"),
                            models.UniqueConstraint(
                                fields=("operator", "started_on", "site", "ended_on", "status", "problem", "currency"),
                                name="day_sum_once",
                                nulls_distinct=False,
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="StaleDay",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("started_on", models.DateField(null=True)),
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
                    ],
                    options={
                        "default_permissions": (),
                        "constraints": [tenants.rls.constraints.RowSecurity(name="stale_day_row_security")],
                    },
                ),
                migrations.CreateModel(
                    name="MonthSum",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("month", models.DateField()),
                        ("kind", models.CharField(max_length=12)),
                        ("state", models.CharField(max_length=8)),
                        ("currency", models.CharField(max_length=3)),
                        ("documents", models.BigIntegerField()),
                        ("sessions", models.BigIntegerField()),
                        ("energy_wh", models.BigIntegerField()),
                        ("amount_excl_vat", models.DecimalField(decimal_places=2, max_digits=20)),
                        ("vat", models.DecimalField(decimal_places=2, max_digits=20)),
                        ("amount_due", models.DecimalField(decimal_places=2, max_digits=20)),
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
                            "run",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="billing.invoicerun",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="month_sum_row_security"),
                            tenants.rls.constraints.SameOperator(field="run", name="month_sum_run_same_operator"),
                            models.UniqueConstraint(
                                fields=("operator", "month", "run", "kind", "state", "currency"),
                                name="month_sum_once",
                                nulls_distinct=False,
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="StaleMonth",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("month", models.DateField()),
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
                    ],
                    options={
                        "default_permissions": (),
                        "constraints": [tenants.rls.constraints.RowSecurity(name="stale_month_row_security")],
                    },
                ),
                migrations.CreateModel(
                    name="Pricing",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
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
                                name="pricing_open",
                            )
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="pricing_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="pricing_of_operator"),
                            models.UniqueConstraint(fields=("operator",), name="pricing_once"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Rendering",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
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
                            "invoice",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="renderings",
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
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state__in", ["queued", "running"])),
                                fields=["operator", "id"],
                                name="rendering_open",
                            ),
                            models.Index(
                                condition=models.Q(("state", "set_aside")),
                                fields=["operator", "id"],
                                name="rendering_set_aside",
                            ),
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="rendering_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="rendering_of_operator"),
                            tenants.rls.constraints.SameOperator(
                                field="invoice", name="rendering_invoice_same_operator"
                            ),
                            models.UniqueConstraint(fields=("operator", "invoice"), name="rendering_once"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="IssuedPlace",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("site_name", models.CharField(max_length=150)),
                        ("station_name", models.CharField(max_length=150)),
                        ("station_identifier", models.CharField(max_length=64)),
                        ("time_zone", models.CharField(max_length=50)),
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
                            "run",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="places",
                                to="billing.invoicerun",
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
                        (
                            "station",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="charging.station",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="issued_place_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="issued_place_of_operator"),
                            tenants.rls.constraints.SameOperator(field="run", name="issued_place_run_same_operator"),
                            tenants.rls.constraints.SameOperator(field="site", name="issued_place_site_same_operator"),
                            tenants.rls.constraints.SameOperator(
                                field="station", name="issued_place_station_same_operator"
                            ),
                            models.UniqueConstraint(
                                fields=("operator", "run", "site", "station"), name="issued_place_once"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="IssuedTariff",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("name", models.CharField(max_length=100)),
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
                            "run",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="tariffs",
                                to="billing.invoicerun",
                            ),
                        ),
                        (
                            "tariff_version",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="billing.tariffversion",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="issued_tariff_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="issued_tariff_of_operator"),
                            tenants.rls.constraints.SameOperator(field="run", name="issued_tariff_run_same_operator"),
                            tenants.rls.constraints.SameOperator(
                                field="tariff_version", name="issued_tariff_tariff_version_same_operator"
                            ),
                            models.UniqueConstraint(
                                fields=("operator", "run", "tariff_version"), name="issued_tariff_once"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PriceEffect",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
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
                        ("document_sha256", models.CharField(max_length=64)),
                        ("month", models.DateField()),
                        ("result", models.JSONField(blank=True, default=dict)),
                        ("finished_at", models.DateTimeField(null=True)),
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
                            "tariff",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="effects",
                                to="billing.tariff",
                            ),
                        ),
                        (
                            "group",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="tenants.drivergroup",
                            ),
                        ),
                        ("last_month", models.DateField()),
                        (
                            "purpose",
                            models.CharField(
                                choices=[("publishing", "publishing"), ("simulation", "simulation")],
                                default="publishing",
                                max_length=10,
                            ),
                        ),
                        (
                            "reach",
                            models.CharField(
                                choices=[
                                    ("assigned", "where the tariff applies now"),
                                    ("everywhere", "all of them"),
                                    ("site", "those at a site"),
                                    ("group", "those in a group"),
                                ],
                                default="assigned",
                                max_length=10,
                            ),
                        ),
                        (
                            "site",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="charging.site",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state__in", ["queued", "running"])),
                                fields=["operator", "id"],
                                name="price_effect_open",
                            )
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="price_effect_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="price_effect_of_operator"),
                            tenants.rls.constraints.SameOperator(
                                field="tariff", name="price_effect_tariff_same_operator"
                            ),
                            tenants.rls.constraints.SameOperator(field="site", name="price_effect_site_same_operator"),
                            tenants.rls.constraints.SameOperator(
                                field="group", name="price_effect_group_same_operator"
                            ),
                            models.UniqueConstraint(fields=("operator", "tariff", "purpose"), name="price_effect_once"),
                            models.CheckConstraint(
                                condition=models.Q(("last_month__gte", models.F("month"))), name="price_effect_months"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("group__isnull", True),
                                        ("site__isnull", True),
                                        models.Q(("reach__in", ["site", "group"]), _negated=True),
                                    ),
                                    models.Q(("group__isnull", True), ("reach", "site"), ("site__isnull", False)),
                                    models.Q(("group__isnull", False), ("reach", "group"), ("site__isnull", True)),
                                    _connector="OR",
                                ),
                                name="price_effect_reach",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ExportTaken",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("kind", models.CharField(max_length=20, verbose_name="what")),
                        ("month", models.DateField(verbose_name="month")),
                        ("taken_at", models.DateTimeField()),
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
                            "taken_by",
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
                        "indexes": [models.Index(fields=["operator", "-taken_at"], name="export_taken_newest")],
                        "constraints": [tenants.rls.constraints.RowSecurity(name="export_taken_row_security")],
                    },
                ),
                migrations.CreateModel(
                    name="RunRemark",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "code",
                            models.CharField(
                                choices=[
                                    ("more", "much more than usual"),
                                    ("less", "much less than usual"),
                                    ("first", "a first invoice, and a large one"),
                                ],
                                max_length=8,
                            ),
                        ),
                        ("usual", models.DecimalField(decimal_places=2, max_digits=14, null=True)),
                        ("off_by", models.DecimalField(decimal_places=2, max_digits=14)),
                        (
                            "invoice",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="remarks",
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
                            "run",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="remarks",
                                to="billing.invoicerun",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [models.Index(fields=["operator", "run", "-off_by"], name="run_remark_oddest")],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="run_remark_row_security"),
                            tenants.rls.constraints.SameOperator(field="run", name="run_remark_run_same_operator"),
                            tenants.rls.constraints.SameOperator(
                                field="invoice", name="run_remark_invoice_same_operator"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CreditReason",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("position", models.PositiveSmallIntegerField()),
                        ("swedish", models.CharField(blank=True, max_length=100)),
                        ("english", models.CharField(blank=True, max_length=100)),
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
                            tenants.rls.constraints.RowSecurity(name="credit_reason_row_security"),
                            models.UniqueConstraint(fields=("operator", "position"), name="credit_reason_once"),
                            models.CheckConstraint(
                                condition=models.Q(("english", ""), ("swedish", ""), _negated=True),
                                name="credit_reason_says_something",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Letterhead",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        ("colour", models.CharField(max_length=7)),
                        ("logo", models.BinaryField(default=bytes)),
                        ("logo_sha256", models.CharField(blank=True, max_length=64)),
                        ("width", models.PositiveSmallIntegerField(default=0)),
                        ("height", models.PositiveSmallIntegerField(default=0)),
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
                            tenants.rls.constraints.RowSecurity(name="letterhead_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="letterhead_of_operator"),
                            models.CheckConstraint(
                                condition=models.Q(("colour__regex", "^#[0-9a-f]{6}$")), name="letterhead_colour"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("height", 0), ("logo", b""), ("width", 0)),
                                    models.Q(("height__gt", 0), ("width__gt", 0)),
                                    _connector="OR",
                                ),
                                name="letterhead_logo_has_size",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Fee",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("monthly", "every month"),
                                    ("yearly", "every year"),
                                    ("once", "once"),
                                    ("credit", "credit"),
                                ],
                                max_length=8,
                                verbose_name="kind",
                            ),
                        ),
                        (
                            "per",
                            models.CharField(
                                choices=[("account", "payer"), ("driver", "driver"), ("card", "card")],
                                default="account",
                                max_length=7,
                                verbose_name="per",
                            ),
                        ),
                        ("text", models.CharField(max_length=100, verbose_name="text on the invoice")),
                        ("reason", models.CharField(blank=True, max_length=300, verbose_name="reason")),
                        (
                            "price",
                            models.DecimalField(
                                decimal_places=2,
                                max_digits=10,
                                validators=[django.core.validators.MinValueValidator(0)],
                                verbose_name="price",
                            ),
                        ),
                        ("currency", models.CharField(max_length=3, verbose_name="currency")),
                        ("tax_included", models.BooleanField(default=False, verbose_name="the price includes VAT")),
                        ("vat_country", models.CharField(blank=True, max_length=2)),
                        (
                            "vat_rate",
                            models.DecimalField(
                                blank=True, decimal_places=2, max_digits=5, null=True, verbose_name="VAT rate"
                            ),
                        ),
                        (
                            "booking_account",
                            models.CharField(blank=True, max_length=10, verbose_name="booking account"),
                        ),
                        ("since", models.DateField(verbose_name="from")),
                        ("until", models.DateField(blank=True, null=True, verbose_name="to")),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "account",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="fees",
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
                        "indexes": [
                            models.Index(fields=["operator", "account"], name="fee_of_account"),
                            models.Index(fields=["operator", "-since", "-id"], name="fee_newest"),
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="fee_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="fee_of_operator"),
                            tenants.rls.constraints.SameOperator(field="account", name="fee_account_same_operator"),
                            models.CheckConstraint(condition=models.Q(("price__gt", 0)), name="fee_price_positive"),
                            models.CheckConstraint(
                                condition=models.Q(("until__gte", models.F("since"))), name="fee_until_not_before_since"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("vat_country", ""), ("vat_rate__isnull", True), _connector="OR"),
                                name="fee_one_source_of_its_rate",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("kind__in", ["monthly", "yearly"]),
                                    models.Q(("per", "account"), ("until__isnull", True)),
                                    _connector="OR",
                                ),
                                name="fee_once_is_the_accounts",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="BilledFee",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("first_day", models.DateField()),
                        ("last_day", models.DateField()),
                        ("text", models.CharField(max_length=100)),
                        ("booking_account", models.CharField(blank=True, max_length=10)),
                        (
                            "driver",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.driver",
                            ),
                        ),
                        (
                            "fee",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="billings",
                                to="billing.fee",
                            ),
                        ),
                        (
                            "invoice",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="billed_fees",
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
                            "token",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="charging.token",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [
                            models.Index(fields=["operator", "fee", "first_day"], name="billed_fee_of_fee"),
                            models.Index(fields=["operator", "invoice"], name="billed_fee_of_invoice"),
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="billed_fee_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="billed_fee_of_operator"),
                            tenants.rls.constraints.SameOperatorInBulk(
                                fields=("fee", "invoice", "driver", "token"), name="billed_fee_same_operator"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("last_day__gte", models.F("first_day"))), name="billed_fee_has_days"
                            ),
                            django.contrib.postgres.constraints.ExclusionConstraint(
                                expressions=[
                                    (
                                        models.Func(
                                            models.Func(models.F("fee_id"), models.Value(0), function="coalesce"),
                                            models.Func(models.F("fee_id"), models.Value(0), function="coalesce"),
                                            models.Value("[]"),
                                            function="int8range",
                                        ),
                                        "&&",
                                    ),
                                    (
                                        models.Func(
                                            models.Func(models.F("driver_id"), models.Value(0), function="coalesce"),
                                            models.Func(models.F("driver_id"), models.Value(0), function="coalesce"),
                                            models.Value("[]"),
                                            function="int8range",
                                        ),
                                        "&&",
                                    ),
                                    (
                                        models.Func(
                                            models.Func(models.F("token_id"), models.Value(0), function="coalesce"),
                                            models.Func(models.F("token_id"), models.Value(0), function="coalesce"),
                                            models.Value("[]"),
                                            function="int8range",
                                        ),
                                        "&&",
                                    ),
                                    (
                                        models.Func(
                                            models.F("first_day"),
                                            models.F("last_day"),
                                            models.Value("[]"),
                                            function="daterange",
                                        ),
                                        "&&",
                                    ),
                                ],
                                name="fee_billed_once_a_day",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PaymentFile",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
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
                        ("file", models.FileField(max_length=300, upload_to="")),
                        ("file_name", models.CharField(max_length=200, verbose_name="file")),
                        ("file_sha256", models.CharField(max_length=64)),
                        ("file_size", models.BigIntegerField(default=0)),
                        ("form", models.CharField(blank=True, max_length=20, verbose_name="form")),
                        ("payments", models.BigIntegerField(default=0, verbose_name="payments")),
                        ("booked", models.BigIntegerField(default=0, verbose_name="booked")),
                        ("known", models.BigIntegerField(default=0, verbose_name="known before")),
                        ("matched", models.BigIntegerField(default=0, verbose_name="matched")),
                        ("sums", models.JSONField(default=dict)),
                        ("left_out", models.JSONField(default=dict)),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("finished_at", models.DateTimeField(null=True)),
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
                            "uploaded_by",
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
                            models.Index(fields=["operator", "-created_at"], name="payment_file_newest"),
                            models.Index(
                                condition=models.Q(("state__in", ["queued", "running"])),
                                fields=["operator", "id"],
                                name="payment_file_open",
                            ),
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="payment_file_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="payment_file_of_operator"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Payment",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        ("booking", models.CharField(max_length=32)),
                        ("nth", models.PositiveIntegerField(default=1)),
                        ("item", models.PositiveIntegerField(default=0)),
                        ("amount", models.BigIntegerField(verbose_name="amount")),
                        ("rest", models.BigIntegerField(verbose_name="not matched")),
                        ("currency", models.CharField(max_length=3, verbose_name="currency")),
                        ("paid_on", models.DateField(verbose_name="paid")),
                        ("to_account", models.CharField(blank=True, max_length=40, verbose_name="to account")),
                        (
                            "given",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=140), default=list, size=None
                            ),
                        ),
                        (
                            "given_amounts",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.BigIntegerField(), default=list, size=None
                            ),
                        ),
                        ("text", models.CharField(blank=True, max_length=500, verbose_name="message")),
                        ("payer_name", models.CharField(blank=True, max_length=140, verbose_name="payer")),
                        ("payer_account", models.CharField(blank=True, max_length=40, verbose_name="payer's account")),
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
                        (
                            "recorded_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "file",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="billing.paymentfile",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [
                            models.Index(fields=["operator", "-paid_on", "-id"], name="payment_newest"),
                            models.Index(fields=["operator", "-amount", "-id"], name="payment_by_amount"),
                            models.Index(
                                condition=models.Q(("rest", 0), _negated=True),
                                fields=["operator", "-paid_on", "-id"],
                                name="payment_waiting",
                            ),
                            models.Index(fields=["operator", "payer_account"], name="payment_of_payer"),
                            models.Index(
                                condition=models.Q(("file__isnull", False)),
                                fields=["operator", "file", "id"],
                                name="payment_of_file",
                            ),
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="payment_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="payment_of_operator"),
                            tenants.rls.constraints.SameOperatorInBulk(fields=("file",), name="payment_same_operator"),
                            models.UniqueConstraint(fields=("operator", "booking", "nth", "item"), name="payment_once"),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("amount__gt", 0), ("rest__gte", 0), ("rest__lte", models.F("amount"))),
                                    models.Q(("amount__lt", 0), ("rest__gte", models.F("amount")), ("rest__lte", 0)),
                                    _connector="OR",
                                ),
                                name="payment_rest_within_amount",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PaymentMatch",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        ("amount", models.BigIntegerField(verbose_name="amount")),
                        (
                            "purpose",
                            models.CharField(
                                choices=[
                                    ("invoice", "for an invoice"),
                                    ("account", "kept on the account"),
                                    ("refund", "paid back"),
                                ],
                                max_length=8,
                                verbose_name="for",
                            ),
                        ),
                        (
                            "how",
                            models.CharField(
                                choices=[
                                    ("reference", "by its reference"),
                                    ("nod", "proposed, and confirmed by a person"),
                                    ("hand", "by hand"),
                                ],
                                max_length=9,
                                verbose_name="how",
                            ),
                        ),
                        ("reason", models.CharField(blank=True, max_length=300, verbose_name="reason")),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "account",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
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
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="matches",
                                to="billing.invoice",
                            ),
                        ),
                        (
                            "made_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
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
                            "payment",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="matches",
                                to="billing.payment",
                            ),
                        ),
                        (
                            "undoes",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="undone_by",
                                to="billing.paymentmatch",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [
                            models.Index(fields=["operator", "payment"], name="payment_match_of_payment"),
                            models.Index(
                                condition=models.Q(("invoice__isnull", False)),
                                fields=["operator", "invoice"],
                                name="payment_match_of_invoice",
                            ),
                            models.Index(fields=["operator", "account"], name="payment_match_of_account"),
                            models.Index(
                                condition=models.Q(("purpose", "account")),
                                fields=["operator", "account", "payment"],
                                name="payment_match_on_account",
                            ),
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="payment_match_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="payment_match_of_operator"),
                            tenants.rls.constraints.SameOperatorInBulk(
                                fields=("payment", "account", "invoice", "undoes"), name="payment_match_same_operator"
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("undoes__isnull", False)),
                                fields=("operator", "undoes"),
                                name="payment_match_undone_once",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("account__isnull", False), ("invoice__isnull", False), ("purpose", "invoice")
                                    ),
                                    models.Q(
                                        ("account__isnull", False), ("invoice__isnull", True), ("purpose", "account")
                                    ),
                                    models.Q(("invoice__isnull", True), ("purpose", "refund")),
                                    _connector="OR",
                                ),
                                name="payment_match_has_its_purpose",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("amount", 0), _negated=True), name="payment_match_of_something"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Receivable",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("currency", models.CharField(max_length=3)),
                        ("due_on", models.DateField(null=True)),
                        ("due", models.BigIntegerField()),
                        ("credited", models.BigIntegerField(default=0)),
                        ("paid", models.BigIntegerField(default=0)),
                        ("rest", models.BigIntegerField()),
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
                                related_name="receivables",
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
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [
                            models.Index(
                                condition=models.Q(("rest", 0), _negated=True),
                                fields=["operator", "due_on", "account", "currency", "rest"],
                                name="receivable_open",
                            ),
                            models.Index(fields=["operator", "account"], name="receivable_of_account"),
                            models.Index(
                                condition=models.Q(("rest__gt", 0), models.Q(("paid", 0), _negated=True)),
                                fields=["operator", "invoice"],
                                name="receivable_part_paid",
                            ),
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="receivable_row_security"),
                            tenants.rls.constraints.SameOperatorInBulk(
                                fields=("invoice", "account"), name="receivable_same_operator"
                            ),
                            models.UniqueConstraint(fields=("operator", "invoice"), name="receivable_once"),
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "rest",
                                        django.db.models.expressions.CombinedExpression(
                                            django.db.models.expressions.CombinedExpression(
                                                models.F("due"), "-", models.F("credited")
                                            ),
                                            "-",
                                            models.F("paid"),
                                        ),
                                    )
                                ),
                                name="receivable_rest_adds_up",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Rerating",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
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
                        (
                            "sites",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.BigIntegerField(), blank=True, default=list, size=None
                            ),
                        ),
                        (
                            "accounts",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.BigIntegerField(), blank=True, default=list, size=None
                            ),
                        ),
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
                                condition=models.Q(("state__in", ["queued", "running"])),
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
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
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
                                related_name="+",
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
                            "rerating",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="items",
                                to="billing.rerating",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [
                            models.Index(fields=["operator", "rerating", "state", "id"], name="rerate_item_by_state"),
                            models.Index(fields=["operator", "rerating", "account"], name="rerate_item_of_account"),
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="rerate_item_row_security"),
                            tenants.rls.constraints.SameOperator(
                                field="rerating", name="rerate_item_rerating_same_operator"
                            ),
                            tenants.rls.constraints.SameOperator(
                                field="invoice", name="rerate_item_invoice_same_operator"
                            ),
                            tenants.rls.constraints.SameOperator(
                                field="account", name="rerate_item_account_same_operator"
                            ),
                            models.UniqueConstraint(
                                fields=("operator", "invoice", "rerating"), name="rerate_item_once"
                            ),
                        ],
                    },
                ),
            ],
        ),
        migrations.RunSQL(Path(__file__).with_name("walls.sql").read_text(encoding="utf-8")),
    ]
