"""Making a backup: everything in it is of one snapshot of the database, and counted in that snapshot.

The files are read afterwards. A file is written before its row, so every file that the snapshot names is there,
unless it was removed meanwhile.
"""

import io
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
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

#: Of form 1 the keys stood in the dump.
FORM, WITH_KEYS_IN_THE_DUMP = 2, 1
_HEADS = """
SELECT DISTINCT ON (operator_id) operator_id, number, hash FROM tenants_auditseal ORDER BY operator_id, number DESC
"""


class InTheStore(Exception):
    """The folder of backups lies in the store of files, and would be in each backup."""


@dataclass(frozen=True, slots=True)
class KeysPart:
    """For whom the part with the keys is encrypted, and where it goes; None: beside the rest."""

    recipients: Sequence[Any]
    into: Path | None = None


def make(into: Path, recipients: Sequence[Any], keys: KeysPart, *, keep: int, clock: Callable[[], datetime]) -> Backup:
    """Make a backup, read it again, and let go of those that are older than the newest `keep`.

    Raises:
        folder.Busy: one is being made. InTheStore: the folder is no place for it. programs.ProgramFailed, OSError:
            it could not be made; nothing of it is left, and no older one was touched.
    """
    for place in filter(None, (into, keys.into)):
        if place.resolve().is_relative_to(files.store().resolve()):
            raise InTheStore(f"{place} lies in {files.store()}, which is what backups are made of.")
    with folder.only_one(into):
        with (
            folder.named_when_whole(into, clock()) as (making, final),
            folder.keys_apart(making, final, keys.into) as keys_in,
        ):
            _write(making, recipients, keys_in, keys, clock)
        backup = folder.read(final)
        folder.check(backup)
        folder.check_keys(folder.keys_of(backup, keys.into))
        gone = folder.remove_older(into, keep=keep, keys=keys.into)
    log.info("Backup %s made, %d bytes; %d older ones let go.", final.name, backup.bytes, len(gone))
    return backup


def _write(
    making: Path, recipients: Sequence[Any], keys_in: Path, keys: KeysPart, clock: Callable[[], datetime]
) -> None:
    at = clock()
    parts: dict[str, Part] = {}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL row_security = off")  # a role that sees only a part ends with an error
        cursor.execute("SELECT pg_export_snapshot()")
        (snapshot,) = cursor.fetchone()
        with programs.dumping(snapshot) as dump:
            parts[folder.DATABASE] = sealed.encrypt(dump, making / folder.DATABASE, recipients)
        with programs.dumping(snapshot, of_keys=True) as dump:
            of_keys = sealed.encrypt(dump, keys_in / folder.KEYS, keys.recipients)
        manifest = _counted(cursor)
        unfound = files.unfound()
    with files.packing() as (stream, packed):
        parts[folder.FILES] = sealed.encrypt(stream, making / folder.FILES, recipients)
    manifest |= {"form": FORM, "made_at": at.isoformat(), "files": asdict(packed)}
    text = io.BytesIO(json.dumps(manifest).encode())
    parts[folder.MANIFEST] = sealed.encrypt(text, making / folder.MANIFEST, recipients)
    database = parts[folder.DATABASE].sha256
    noted.write(
        keys_in / folder.KEYS_ABOUT, {"form": FORM, "made_at": at.isoformat(), "of": database, **asdict(of_keys)}
    )
    noted.write(
        making / folder.ABOUT,
        {
            "form": FORM,
            "made_at": at.isoformat(),
            "ended_at": clock().isoformat(),
            "parts": {name: asdict(part) for name, part in parts.items()},
            "keys": {**asdict(of_keys), "is_apart": keys_in != making},
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
