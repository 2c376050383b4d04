"""Let two conditions on the audit log be answered by one index."""

from typing import ClassVar

from django.db import migrations, models

NEWEST = ("-timestamp", "-id")


def _index(name: str, *fields: str, condition: models.Q | None = None) -> migrations.AddIndex:
    return migrations.AddIndex("auditentry", models.Index(fields=["operator", *fields], name=name, condition=condition))


class Migration(migrations.Migration):
    dependencies: ClassVar = [("tenants", "0010_factors")]

    operations: ClassVar = [
        *(
            migrations.RemoveIndex("auditentry", f"audit_of_{name}")
            for name in ("kind", "act", "address", "task")
        ),
        _index("audit_of_kind", "content_type", *NEWEST),
        _index("audit_of_kind_act", "content_type", "act", *NEWEST),
        _index("audit_of_act", "act", *NEWEST),
        _index(
            "audit_of_address", "remote_addr", *NEWEST, "act", "content_type",
            condition=models.Q(remote_addr__isnull=False),
        ),
        _index("audit_of_task", "task", *NEWEST, "act", "content_type", condition=~models.Q(task="")),
    ]  # fmt: skip
