"""Who was erased, noted outside the database: a restored backup brings people back, and this ledger says who.

A note is a file named by the SHA-256 of the driver's own random number, with the time in it: it names nobody, and
tells only whoever holds the restored row that this row was erased. Keep the folder apart from backups of database and
files (`WATTLEDGER_ERASURES`), and copy it to each machine that restores.
"""

import hashlib
import os
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.conf import settings


def mark(public_id: UUID) -> str:
    """What the ledger calls this driver."""
    return hashlib.sha256(public_id.bytes).hexdigest()


def note(public_id: UUID, *, at: datetime) -> str:
    """Note that the driver is erased, wait until it is on the disk, and return the mark. Twice is once."""
    folder, name = Path(settings.ERASURES_DIR), mark(public_id)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, f"{at.isoformat()}\n".encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return name


def noted() -> set[str]:
    """The marks of everybody who was erased."""
    folder = Path(settings.ERASURES_DIR)
    return {each.name for each in folder.iterdir()} if folder.is_dir() else set()
