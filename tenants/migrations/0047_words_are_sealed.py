from typing import Any

from django.db import migrations

from tenants.migrations import _sealing

DRIVER = "'driver', driver_id"
#: Whom the rows of a table are about, and its columns.
SEALED = {
    "tenants_personrequest": (DRIVER, ("text", "identity_checked", "extension_reason", "answer")),
    "tenants_legalhold": (
        "CASE WHEN driver_id IS NULL THEN 'operator' ELSE 'driver' END, coalesce(driver_id, operator_id)",
        ("reason",),
    ),
    "tenants_erasure": (DRIVER, ("answer",)),
}


def seal(*_: Any) -> None:
    for table, (about, names) in SEALED.items():
        _sealing.seal({f"was_{name}": (name, name) for name in names}, table=table, about=about)


class Migration(migrations.Migration):
    """In batches, so that nothing is held for long; stopped, it goes on where it was."""

    atomic = False
    dependencies = [("tenants", "0046_room_for_sealed_words")]
    operations = [migrations.RunPython(seal, atomic=False)]
