"""Lines are found by their session alone, whoever's it is.

Led by the operator, the index served any look-up of an operator's lines, and was taken for that of a document's lines
where nobody had counted the operator yet: each document went through all lines that its operator had.
"""

from django.db import migrations, models

from tenants.migrations._at_once import DrawnOnce


class Migration(DrawnOnce):
    dependencies = [("billing", "0082_payments_begin_matched")]

    operations = [
        migrations.RemoveIndex(model_name="invoiceline", name="invoice_line_of_session"),
        migrations.AddIndex(
            model_name="invoiceline", index=models.Index(fields=["session"], name="invoice_line_by_session")
        ),
    ]
