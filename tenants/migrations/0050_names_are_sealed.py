from typing import Any

from django.db import migrations

from tenants.migrations import _sealing


NAMES = ("name", "city", "organisation_number", "vat_number", "gln")


def seal(*_: Any) -> None:
    _sealing.seal({f"was_{name}": (name, name) for name in NAMES})


class Migration(migrations.Migration):
    """In batches, so that nothing is held for long; stopped, it goes on where it was."""

    atomic = False
    dependencies = [("tenants", "0049_room_for_sealed_names")]
    operations = [migrations.RunPython(seal, atomic=False)]
