"""Whether an invitation was mailed, so that using it proves the mailbox."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("tenants", "0006_audit_indexes")]

    operations: ClassVar = [
        migrations.AddField("invitation", "is_mailed", models.BooleanField(default=False)),
    ]
