"""Billed sessions are found by their session, released or not.

The unique index knows those alone that no credit note has released: whoever asked for any went through the whole table,
once for each session that ended.
"""

from django.db import migrations, models

from tenants.migrations._at_once import DrawnOnce


class Migration(DrawnOnce):
    dependencies = [("billing", "0089_payers_of_the_erased")]

    operations = [
        migrations.AddIndex(
            model_name="billedsession", index=models.Index(fields=["session"], name="billed_session_by_session")
        ),
    ]
