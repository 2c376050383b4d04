"""The few lines of fees among all lines, found when what was charged is looked up or taken away.

Made while others write, as the lines may be many.
"""

from typing import ClassVar

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False
    dependencies: ClassVar = [("billing", "0027_fees")]

    operations: ClassVar = [
        AddIndexConcurrently(
            model_name="invoiceline",
            index=models.Index(
                fields=["operator", "fee"], name="invoice_line_of_fee", condition=Q(("fee__isnull", False))
            ),
        ),
    ]
