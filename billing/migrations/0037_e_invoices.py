"""E-invoices as they left, which never change; and their archive as a download."""

import django.db.models.deletion
import tenants.rls.constraints
import tenants.scoping
from django.db import migrations, models

FINAL = """
CREATE TRIGGER final_e_invoice BEFORE UPDATE OR DELETE ON billing_einvoice
    FOR EACH ROW EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON billing_einvoice FOR EACH STATEMENT EXECUTE FUNCTION append_only();
"""
UNDO = """
DROP TRIGGER never_emptied ON billing_einvoice;
DROP TRIGGER final_e_invoice ON billing_einvoice;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0033_issue_is_linear"),
    ]

    operations = [
        migrations.CreateModel(
            name="EInvoice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("xml", models.BinaryField()),
                ("sha256", models.CharField(max_length=64)),
                ("made_at", models.DateTimeField()),
                (
                    "invoice",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="e_invoices",
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
                    tenants.rls.constraints.RowSecurity(name="e_invoice_row_security"),
                    models.UniqueConstraint(fields=("operator", "id"), name="e_invoice_of_operator"),
                    tenants.rls.constraints.SameOperator(field="invoice", name="e_invoice_invoice_same_operator"),
                    models.UniqueConstraint(fields=("operator", "invoice"), name="e_invoice_once"),
                ],
            },
        ),
        migrations.AlterField(
            model_name="export",
            name="kind",
            field=models.CharField(
                choices=[
                    ("xlsx", "invoices and lines, XLSX"),
                    ("pdf_zip", "invoices as PDF, ZIP"),
                    ("xml_zip", "e-invoices, ZIP"),
                ],
                max_length=12,
                verbose_name="what",
            ),
        ),
        migrations.RunSQL(FINAL, UNDO),
    ]
