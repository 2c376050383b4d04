"""Answers are listed by time; a view that was shared by somebody who has left is the operator's."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

LEFT = """
UPDATE tenants_savedview v SET user_id = NULL WHERE v.is_shared AND NOT EXISTS (
    SELECT 1 FROM tenants_membership m WHERE m.operator_id = v.operator_id AND m.user_id = v.user_id)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0030_rounds_to_crowns"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="consentevent",
            index=models.Index(fields=["operator", "purpose", "-happened_at", "-id"], name="consent_event_by_time"),
        ),
        migrations.AlterField(
            model_name="savedview",
            name="user",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.RunSQL(LEFT, migrations.RunSQL.noop),
    ]
