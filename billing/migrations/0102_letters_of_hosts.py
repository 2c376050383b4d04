"""A letter with a document is of an invoice or of a statement to a host.

It cannot be taken back once a statement was mailed: a letter then has no invoice.
"""

import django.db.models.deletion
import tenants.rls.constraints
import tenants.scoping
from django.db import migrations, models

from tenants.migrations._at_once import DrawnOnce


class Migration(DrawnOnce):
    dependencies = [("billing", "0101_small_differences")]

    operations = [
        migrations.RemoveConstraint(
            model_name="documentletter",
            name="document_letter_same_operator",
        ),
        migrations.RemoveConstraint(
            model_name="documentletter",
            name="document_letter_once",
        ),
        migrations.AddField(
            model_name="documentletter",
            name="statement",
            field=tenants.scoping.OwnedForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="letters",
                to="billing.hoststatement",
            ),
        ),
        migrations.AlterField(
            model_name="documentletter",
            name="invoice",
            field=tenants.scoping.OwnedForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="letters",
                to="billing.invoice",
            ),
        ),
        migrations.AddConstraint(
            model_name="documentletter",
            constraint=tenants.rls.constraints.SameOperatorInBulk(
                fields=("account", "invoice", "reminder", "statement"), name="document_letter_same_operator"
            ),
        ),
        migrations.AddConstraint(
            model_name="documentletter",
            constraint=models.UniqueConstraint(
                fields=("operator", "invoice", "reminder", "statement", "nth"),
                name="document_letter_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="documentletter",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("invoice__isnull", False), ("statement__isnull", True)),
                    models.Q(("invoice__isnull", True), ("reminder__isnull", True), ("statement__isnull", False)),
                    _connector="OR",
                ),
                name="document_letter_of_one_document",
            ),
        ),
    ]
