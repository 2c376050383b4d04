"""E-invoices and their way are of an invoice or of a statement to a host."""

import django.db.models.deletion
import tenants.rls.constraints
import tenants.scoping
from django.db import migrations, models

from tenants.migrations._at_once import DrawnOnce


class Migration(DrawnOnce):
    dependencies = [("billing", "0054_receivables_are_proved")]

    operations = [
        migrations.AddField(
            model_name="einvoice",
            name="statement",
            field=tenants.scoping.OwnedForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="e_invoices",
                to="billing.hoststatement",
            ),
        ),
        migrations.AddField(
            model_name="sending",
            name="statement",
            field=tenants.scoping.OwnedForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="sendings",
                to="billing.hoststatement",
            ),
        ),
        migrations.AlterField(
            model_name="einvoice",
            name="invoice",
            field=tenants.scoping.OwnedForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="e_invoices",
                to="billing.invoice",
            ),
        ),
        migrations.AlterField(
            model_name="sending",
            name="invoice",
            field=tenants.scoping.OwnedForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="sendings",
                to="billing.invoice",
            ),
        ),
        migrations.AddConstraint(
            model_name="einvoice",
            constraint=tenants.rls.constraints.SameOperator(
                field="statement", name="e_invoice_statement_same_operator"
            ),
        ),
        migrations.AddConstraint(
            model_name="einvoice",
            constraint=models.UniqueConstraint(fields=("operator", "statement"), name="e_invoice_of_statement_once"),
        ),
        migrations.AddConstraint(
            model_name="einvoice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("invoice__isnull", False), ("statement__isnull", True)),
                    models.Q(("invoice__isnull", True), ("statement__isnull", False)),
                    _connector="OR",
                ),
                name="e_invoice_of_one_document",
            ),
        ),
        migrations.AddConstraint(
            model_name="sending",
            constraint=tenants.rls.constraints.SameOperator(field="statement", name="sending_statement_same_operator"),
        ),
        migrations.AddConstraint(
            model_name="sending",
            constraint=models.UniqueConstraint(fields=("operator", "statement"), name="sending_of_statement_once"),
        ),
        migrations.AddConstraint(
            model_name="sending",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("invoice__isnull", False), ("statement__isnull", True)),
                    models.Q(("invoice__isnull", True), ("statement__isnull", False)),
                    _connector="OR",
                ),
                name="sending_of_one_document",
            ),
        ),
    ]
