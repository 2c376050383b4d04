"""Since when a place is what it is now: who is new is no second person."""

from typing import ClassVar

import django.utils.timezone
from django.db import migrations, models

# Of a role that was changed before, nobody kept when: then the place itself counts.
AS_OLD_AS_THE_PLACE = "UPDATE tenants_membership SET held_since = created_at"


class Migration(migrations.Migration):
    dependencies: ClassVar = [("tenants", "0014_platform_events")]

    operations: ClassVar = [
        migrations.AddField(
            "membership",
            "held_since",
            models.DateTimeField(default=django.utils.timezone.now, editable=False),
        ),
        migrations.RunSQL(AS_OLD_AS_THE_PLACE, migrations.RunSQL.noop),
    ]
