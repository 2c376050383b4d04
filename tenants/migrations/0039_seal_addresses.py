from typing import Any

from django.db import migrations

from tenants.migrations import _sealing

COLUMNS = (
    *("email", "phone", "street", "postal_code", "delivery_street", "delivery_postal_code", "delivery_city"),
    *("buyer_reference", "order_number"),
)


def seal(*_: Any) -> None:
    _sealing.seal({name: (f"sealed_{name}", name) for name in COLUMNS})


class Migration(migrations.Migration):
    """In batches, so that nothing is held for long; stopped, it goes on where it was."""

    atomic = False
    dependencies = [("tenants", "0038_person_keys")]
    operations = [migrations.RunPython(seal, atomic=False)]
