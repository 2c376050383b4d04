"""Let a second condition be answered inside the index of an address, a key, and of whom a task worked for."""

from typing import ClassVar

from django.db import migrations, models

NEWEST = ("-timestamp", "-id")


def _index(name: str, *fields: str, condition: models.Q) -> migrations.AddIndex:
    return migrations.AddIndex("auditentry", models.Index(fields=["operator", *fields], name=name, condition=condition))


class Migration(migrations.Migration):
    dependencies: ClassVar = [("tenants", "0011_audit_combinations")]

    operations: ClassVar = [
        migrations.RemoveIndex("auditentry", "audit_of_address"),
        migrations.RemoveIndex("auditentry", "audit_of_key"),
        migrations.RemoveIndex("auditentry", "audit_on_behalf"),
        _index(
            "audit_of_address", "remote_addr", *NEWEST, "actor", "act", "content_type",
            condition=models.Q(remote_addr__isnull=False),
        ),
        _index(
            "audit_of_key", "api_key_id", *NEWEST, "act", "content_type",
            condition=models.Q(api_key_id__isnull=False),
        ),
        _index(
            "audit_on_behalf", "on_behalf_of", *NEWEST, "act", "content_type",
            condition=models.Q(on_behalf_of__isnull=False),
        ),
    ]  # fmt: skip
