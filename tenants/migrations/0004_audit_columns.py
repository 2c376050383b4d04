"""Give every audit entry a public identifier, and one word for what was done."""

from typing import ClassVar

from django.db import migrations, models

import tenants.identifiers
import tenants.models.audit_entry

# Entries are never updated, so those that exist get their identifier from the column's default.
IDENTIFY = """
ALTER TABLE tenants_auditentry ADD COLUMN public_id uuid NOT NULL DEFAULT gen_random_uuid();
ALTER TABLE tenants_auditentry ALTER COLUMN public_id DROP DEFAULT;
ALTER TABLE tenants_auditentry ADD CONSTRAINT tenants_auditentry_public_id_key UNIQUE (public_id);
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("tenants", "0003_statistics")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="auditentry",
            name="act",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Case(
                    models.When(
                        models.Q(("event", ""), _negated=True), then=tenants.models.audit_entry.FirstWord("event")
                    ),
                    models.When(action=0, then=models.Value("created")),
                    models.When(action=1, then=models.Value("changed")),
                    models.When(action=2, then=models.Value("deleted")),
                    default=models.Value("seen"),
                ),
                output_field=models.CharField(max_length=60),
            ),
        ),
        migrations.RunSQL(
            IDENTIFY,
            "ALTER TABLE tenants_auditentry DROP COLUMN public_id",
            state_operations=[
                migrations.AddField(
                    model_name="auditentry",
                    name="public_id",
                    field=models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                )
            ],
        ),
    ]
