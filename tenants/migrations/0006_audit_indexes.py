"""An index for each question the audit page asks, ending in the order in which entries are shown."""

from typing import ClassVar

from django.db import migrations, models


def _index(name: str, *fields: str, condition: models.Q | None = None) -> migrations.AddIndex:
    return migrations.AddIndex("auditentry", models.Index(fields=["operator", *fields], name=name, condition=condition))


NEWEST = ("-timestamp", "-id")


class Migration(migrations.Migration):
    dependencies: ClassVar = [("tenants", "0005_seals")]

    operations: ClassVar = [
        migrations.RemoveIndex("auditentry", "audit_of_event"),
        migrations.RemoveIndex("auditentry", "audit_of_actor"),
        _index("audit_of_kind", "content_type", *NEWEST, "act"),
        _index("audit_of_actor", "actor", *NEWEST, "act", "content_type"),
        _index("audit_of_act", "act", *NEWEST, "content_type"),
        _index("audit_of_address", "remote_addr", *NEWEST, condition=models.Q(remote_addr__isnull=False)),
        _index("audit_of_task", "task", *NEWEST, condition=~models.Q(task="")),
        _index("audit_of_key", "api_key_id", *NEWEST, condition=models.Q(api_key_id__isnull=False)),
        _index("audit_on_behalf", "on_behalf_of", *NEWEST, condition=models.Q(on_behalf_of__isnull=False)),
        _index("audit_of_platform", "is_platform", *NEWEST, condition=models.Q(is_platform=True)),
        _index("audit_of_request", "cid", condition=models.Q(cid__isnull=False)),
    ]
