"""Files for accounting: of any days, by which of them, in which form; with rows and sums, and made again."""

import django.db.models.deletion
import tenants.rls.constraints
import tenants.scoping
from django.conf import settings
from django.db import migrations, models

from tenants.migrations._at_once import DrawnOnce


class Migration(DrawnOnce):
    dependencies = [
        ("billing", "0051_fewer_indexes"),
        ("tenants", "0051_names_in_clear_are_gone"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="export",
            name="export_open_once",
        ),
        migrations.AddField(
            model_name="export",
            name="as_of",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="export",
            name="dated_by",
            field=models.CharField(
                choices=[
                    ("issued", "date of the document or payment"),
                    ("booked", "booking day"),
                    ("charged", "month of charging"),
                ],
                default="issued",
                max_length=7,
                verbose_name="by which day",
            ),
        ),
        migrations.AddField(
            model_name="export",
            name="form",
            field=models.CharField(
                blank=True,
                choices=[("csv", "CSV"), ("xlsx", "XLSX"), ("jsonl", "JSON lines")],
                default="",
                max_length=5,
                verbose_name="format",
            ),
        ),
        migrations.AddField(
            model_name="export",
            name="language",
            field=models.CharField(blank=True, default="", max_length=5),
        ),
        migrations.AddField(
            model_name="export",
            name="options",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="export",
            name="repeats",
            field=tenants.scoping.OwnedForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="repeated",
                to="billing.export",
            ),
        ),
        migrations.AddField(
            model_name="export",
            name="rows",
            field=models.BigIntegerField(null=True, verbose_name="rows"),
        ),
        migrations.AddField(
            model_name="export",
            name="sums",
            field=models.JSONField(default=dict),
        ),
        migrations.AlterField(
            model_name="export",
            name="kind",
            field=models.CharField(
                choices=[
                    ("xlsx", "invoices and lines, XLSX"),
                    ("invoices", "invoices"),
                    ("lines", "invoice lines"),
                    ("sessions", "sessions"),
                    ("payments", "payments"),
                    ("customers", "customer register"),
                    ("vat", "VAT summary"),
                    ("ec_sales", "EC sales list"),
                    ("vat_return", "VAT return, eSKD"),
                    ("ec_return", "EC sales list for Skatteverket"),
                    ("pdf_zip", "invoices as PDF, ZIP"),
                    ("xml_zip", "e-invoices, ZIP"),
                    ("sie", "vouchers, SIE 4"),
                ],
                max_length=12,
                verbose_name="what",
            ),
        ),
        migrations.AddConstraint(
            model_name="export",
            constraint=tenants.rls.constraints.SameOperator(field="repeats", name="export_repeats_same_operator"),
        ),
        migrations.AddConstraint(
            model_name="export",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["queued", "running"])),
                fields=("operator", "kind", "form", "month", "first_day", "last_day", "dated_by", "repeats"),
                name="export_open_once",
                nulls_distinct=False,
            ),
        ),
    ]
