"""Making a backup: everything in it is of one snapshot of the database, and counted in that snapshot.

The files are read afterwards. A file is written before its row, so every file that the snapshot names is there,
unless it was removed meanwhile.
"""

import io
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder

from tenants import crypto
from tenants.services.backups import files, folder, noted, programs, reckoning, sealed
from tenants.services.backups.folder import Backup
from tenants.services.backups.sealed import Part

log = logging.getLogger(__name__)

FORM = 1
_HEADS = """
SELECT DISTINCT ON (operator_id) operator_id, number, hash FROM tenants_auditseal ORDER BY operator_id, number DESC
"""


class InTheStore(Exception):
    """The folder of backups lies in the store of files, and would be in each backup."""


def make(into: Path, recipients: Sequence[Any], *, keep: int, clock: Callable[[], datetime]) -> Backup:
    """Make a backup, read it again, and let go of those that are older than the newest `keep`.

    Raises:
        folder.Busy: one is being made. InTheStore: the folder is no place for it. programs.ProgramFailed, OSError:
            it could not be made; nothing of it is left, and no older one was touched.
    """
    if into.resolve().is_relative_to(files.store().resolve()):
        raise InTheStore(f"{into} lies in {files.store()}, which is what backups are made of.")
    with folder.only_one(into):
        with folder.named_when_whole(into, clock()) as (making, final):
            _write(making, recipients, clock)
        backup = folder.read(final)
        folder.check(backup)
        gone = folder.remove_older(into, keep=keep)
    log.info("Backup %s made, %d bytes; %d older ones let go.", final.name, backup.bytes, len(gone))
    return backup


def _write(making: Path, recipients: Sequence[Any], clock: Callable[[], datetime]) -> None:
    at = clock()
    parts: dict[str, Part] = {}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL row_security = off")  # a role that sees only a part ends with an error
        cursor.execute("SELECT pg_export_snapshot()")
        (snapshot,) = cursor.fetchone()
        with programs.dumping(snapshot) as dump:
            parts[folder.DATABASE] = sealed.encrypt(dump, making / folder.DATABASE, recipients)
        manifest = _counted(cursor)
        unfound = files.unfound()
    with files.packing() as (stream, packed):
        parts[folder.FILES] = sealed.encrypt(stream, making / folder.FILES, recipients)
    manifest |= {"form": FORM, "made_at": at.isoformat(), "files": asdict(packed)}
    text = io.BytesIO(json.dumps(manifest).encode())
    parts[folder.MANIFEST] = sealed.encrypt(text, making / folder.MANIFEST, recipients)
    noted.write(
        making / folder.ABOUT,
        {
            "form": FORM,
            "made_at": at.isoformat(),
            "ended_at": clock().isoformat(),
            "parts": {name: asdict(part) for name, part in parts.items()},
            "unfound": unfound,
        },
    )


def _counted(cursor: Any) -> dict[str, Any]:
    """What is in the snapshot: versions, tables, and the newest seal of each operator's audit log."""
    tables = {table: asdict(found) for table, found in reckoning.reckon().items()}
    cursor.execute(_HEADS)
    heads = {str(operator): {"number": number, "hash": head} for operator, number, head in cursor.fetchall()}
    migrations = sorted(f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations())
    version = connection.pg_version  # type: ignore[attr-defined]
    return {
        "postgresql": version // 10000,
        "migrations": migrations,
        "key": crypto.newest_key_name(),
        "tables": tables,
        "heads": heads,
    }
