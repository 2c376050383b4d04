"""A run drafts one invoice an account; what a re-rating bills anew of it stands beside.

Made while others write, as the invoices may be many.
"""

from typing import ClassVar

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q

MAKE = """
CREATE UNIQUE INDEX CONCURRENTLY invoice_drafted_once_a_run ON billing_invoice (operator_id, run_id, account_id)
WHERE replaces_id IS NULL
"""


class Migration(migrations.Migration):
    atomic = False
    dependencies: ClassVar = [("billing", "0031_reratings")]

    operations: ClassVar = [
        AddIndexConcurrently(
            model_name="invoice",
            index=models.Index(
                fields=["operator", "replaces"], name="invoice_anew_of", condition=Q(("replaces__isnull", False))
            ),
        ),
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(MAKE, "DROP INDEX CONCURRENTLY IF EXISTS invoice_drafted_once_a_run")],
            [
                migrations.AddConstraint(
                    model_name="invoice",
                    constraint=models.UniqueConstraint(
                        fields=["operator", "run", "account"],
                        name="invoice_drafted_once_a_run",
                        condition=Q(("replaces__isnull", True)),
                    ),
                )
            ],
        ),
        migrations.RemoveConstraint(model_name="invoice", name="invoice_once_a_run"),
    ]
