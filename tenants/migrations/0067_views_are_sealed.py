from typing import Any

from django.db import migrations

from tenants.migrations import _sealing

TABLE, COLUMNS = "tenants_savedview", ("name", "query")


def seal(*_: Any) -> None:
    _sealing.seal({f"was_{name}": (name, name) for name in COLUMNS}, table=TABLE, about="'operator', operator_id")


class Migration(migrations.Migration):
    """In batches, so that nothing is held for long; stopped, it goes on where it was."""

    atomic = False
    dependencies = [("tenants", "0066_room_for_sealed_views")]
    operations = [migrations.RunPython(seal, atomic=False)]
