"""Vouchers for accounting programs: the operator's accounts, and which documents a file holds, which never changes."""

import django.db.models.deletion
import tenants.rls.constraints
import tenants.scoping
from django.conf import settings
from django.db import migrations, models

from tenants.migrations._at_once import DrawnOnce


FINAL = """
CREATE TRIGGER final_booked_invoice BEFORE UPDATE OR DELETE ON billing_bookedinvoice
    FOR EACH ROW EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON billing_bookedinvoice
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
"""
UNDO = """
DROP TRIGGER never_emptied ON billing_bookedinvoice;
DROP TRIGGER final_booked_invoice ON billing_bookedinvoice;
"""


class Migration(DrawnOnce):
    dependencies = [
        ("billing", "0040_disputes"),
        ("tenants", "0037_baseline"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BookedInvoice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="BookingAccount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "use",
                    models.CharField(
                        choices=[
                            ("receivable", "receivables"),
                            ("sales_25", "sales at 25 % VAT"),
                            ("sales_12", "sales at 12 % VAT"),
                            ("sales_6", "sales at 6 % VAT"),
                            ("sales_0", "sales without VAT"),
                            ("sales_abroad", "sales at the VAT of another country"),
                            ("vat_25", "VAT at 25 %"),
                            ("vat_12", "VAT at 12 %"),
                            ("vat_6", "VAT at 6 %"),
                            ("vat_abroad", "VAT of another country"),
                            ("rounding", "rounding"),
                        ],
                        max_length=12,
                    ),
                ),
                ("number", models.CharField(max_length=6, verbose_name="account")),
                ("name", models.CharField(max_length=50, verbose_name="name of the account")),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.RemoveConstraint(
            model_name="export",
            name="export_open_once",
        ),
        migrations.AddField(
            model_name="export",
            name="again",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="export",
            name="by_day",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="export",
            name="first_day",
            field=models.DateField(null=True, verbose_name="from"),
        ),
        migrations.AddField(
            model_name="export",
            name="last_day",
            field=models.DateField(null=True, verbose_name="to"),
        ),
        migrations.AlterField(
            model_name="export",
            name="kind",
            field=models.CharField(
                choices=[
                    ("xlsx", "invoices and lines, XLSX"),
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
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["queued", "running"])),
                fields=("operator", "kind", "month", "first_day", "last_day"),
                name="export_open_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="export",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("first_day__isnull", True), ("last_day__isnull", True)),
                    ("last_day__gte", models.F("first_day")),
                    _connector="OR",
                ),
                name="export_days_in_order",
            ),
        ),
        migrations.AddField(
            model_name="bookedinvoice",
            name="export",
            field=tenants.scoping.OwnedForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="booked",
                to="billing.export",
            ),
        ),
        migrations.AddField(
            model_name="bookedinvoice",
            name="invoice",
            field=tenants.scoping.OwnedForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="booked",
                to="billing.invoice",
            ),
        ),
        migrations.AddField(
            model_name="bookedinvoice",
            name="operator",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenants.operator",
            ),
        ),
        migrations.AddField(
            model_name="bookingaccount",
            name="operator",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenants.operator",
            ),
        ),
        migrations.AddIndex(
            model_name="bookedinvoice",
            index=models.Index(fields=["operator", "export"], name="booked_invoice_of_export"),
        ),
        migrations.AddConstraint(
            model_name="bookedinvoice",
            constraint=tenants.rls.constraints.RowSecurity(name="booked_invoice_row_security"),
        ),
        migrations.AddConstraint(
            model_name="bookedinvoice",
            constraint=tenants.rls.constraints.SameOperatorInBulk(
                fields=("export", "invoice"), name="booked_invoice_same_operator"
            ),
        ),
        migrations.AddConstraint(
            model_name="bookedinvoice",
            constraint=models.UniqueConstraint(fields=("operator", "invoice"), name="invoice_booked_once"),
        ),
        migrations.AddConstraint(
            model_name="bookingaccount",
            constraint=tenants.rls.constraints.RowSecurity(name="booking_account_row_security"),
        ),
        migrations.AddConstraint(
            model_name="bookingaccount",
            constraint=models.UniqueConstraint(fields=("operator", "use"), name="booking_account_once"),
        ),
        migrations.AddConstraint(
            model_name="bookingaccount",
            constraint=models.CheckConstraint(
                condition=models.Q(("number__regex", "^[1-8][0-9]{3,5}$")), name="booking_account_number"
            ),
        ),
        migrations.RunSQL(FINAL, UNDO),
    ]
