"""This floor's kinds of background work, each with the stepped service that does it."""

from datetime import timedelta

from charging.ingest.apply import LEASE
from charging.models import FileImport, ImportLook
from charging.selectors import numbers
from charging.services import imports, looks
from tenants import work
from tenants.permissions import Permission
from tenants.work import Kind, Lane


def register() -> None:
    """Enter them, and what is searched."""
    numbers.register()
    work.register(
        Kind(
            ImportLook.work_kind,
            ImportLook,
            Lane.QUICK,
            looks.carry_out,
            permission=Permission.IMPORT_SESSIONS,
            lease=timedelta(minutes=5),
            prepare=looks.clear_away,
        )
    )
    work.register(
        Kind(
            FileImport.work_kind,
            FileImport,
            Lane.WAITED,
            imports.carry_out,
            permission=Permission.IMPORT_SESSIONS,
            lease=LEASE,
        )
    )
