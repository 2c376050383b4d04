"""Restoring a backup into an empty database and an empty store, and proving that everything is as it was.

Before anything is written, each part must be as it was signed and open with the key that is given. The database is
loaded in one transaction: afterwards it holds all of the backup or nothing. What is compared then is compared with
the manifest, which was counted in the very snapshot that was dumped.
"""

import io
import json
import os
import shutil
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from tenants import crypto
from tenants.log import checking, heads
from tenants.log.heads import Head
from tenants.models import Operator, OperatorKey
from tenants.scoping import tenant_scope
from tenants.services import operator_keys
from tenants.services.backups import files, folder, making, programs, reckoning, sealed
from tenants.services.backups.files import Packed
from tenants.services.backups.folder import Backup, Keys
from tenants.services.backups.reckoning import Reckoned

_TABLES = """
SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_'
AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
"""


class NotEmpty(Exception):
    """There is something where the backup should go: it would be overwritten, or mixed with it."""


class Unknown(Exception):
    """The backup was made by another Wattledger than this one, or none."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What was in the database and the store when the backup was made."""

    migrations: list[str]
    key: str
    tables: dict[str, Reckoned]
    heads: dict[int, Head]
    files: Packed


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not as the manifest says. where: `table tenants_driver`, `files`, `seals of north`."""

    where: str
    what: str
    was: str
    is_now: str


@dataclass(frozen=True, slots=True)
class Seals:
    """An operator's audit log as it was restored."""

    operator: str
    entries: int
    head: str
    is_behind: bool


def manifest_of(backup: Backup, identities: Sequence[Any]) -> Manifest:
    """Open what was counted.

    Raises:
        sealed.Unopened: none of the keys opens it. Unknown: it is of a form, or of migrations, unknown here.
    """
    text = io.BytesIO()
    sealed.decrypt(backup.path / folder.MANIFEST, text, identities)
    said = json.loads(text.getvalue())
    if said["form"] not in (making.FORM, making.WITH_KEYS_IN_THE_DUMP):
        raise Unknown(f"It is of form {said['form']}; known here is {making.FORM}.")
    known = {f"{app}.{name}" for app, name in _known_migrations()}
    if newer := sorted(set(said["migrations"]) - known):
        raise Unknown(f"It was made by a newer Wattledger: {newer[0]} is not known here. Restore it with that version.")
    return Manifest(
        said["migrations"],
        said["key"],
        {table: Reckoned.from_json(each) for table, each in said["tables"].items()},
        {int(operator): Head(each["number"], each["hash"]) for operator, each in said["heads"].items()},
        Packed.from_json(said["files"]),
    )


def _known_migrations() -> Iterator[tuple[str, str]]:
    from django.db.migrations.loader import MigrationLoader  # noqa: PLC0415  # it imports every migration

    for name, migration in MigrationLoader(None, ignore_no_migrations=True).disk_migrations.items():
        yield name
        yield from migration.replaces


def refuse_unless_empty() -> None:
    """Raise `NotEmpty` if the database holds a table, or the store a file."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        (count,) = cursor.fetchone()
    if count:
        name = connection.settings_dict["NAME"]
        raise NotEmpty(f"The database {name!r} is not empty: {count} tables and sequences. Nothing was touched.")
    store = files.store()
    if store.exists() and any(store.iterdir()):
        raise NotEmpty(f"The folder of files {store} is not empty. Nothing was touched.")


@dataclass(frozen=True, slots=True)
class KeysToLoad:
    """The part with the keys, and what opens it."""

    keys: Keys
    identities: Sequence[Any]

    def check(self) -> None:
        """Read it to its end, into nothing.

        Raises:
            sealed.Unopened, folder.NotWhole: it does not open, or is not as it was written.
        """
        folder.check_keys(self.keys)
        with open(os.devnull, "wb") as nowhere:
            sealed.decrypt(self.keys.path, nowhere, self.identities)


def load(backup: Backup, identities: Sequence[Any], keys: KeysToLoad | None) -> Packed:
    """Load files and database, the keys among its rows; after an error both are as empty as before.

    keys: None where the dump holds them, or there are none. Of another backup's those of whom this one knows nothing
    are left out.

    Raises:
        sealed.Unopened, programs.ProgramFailed, files.OddName, OSError: it could not be loaded.
    """
    store = files.store()
    store.mkdir(mode=0o700, parents=True, exist_ok=True)
    connection.close()  # no transaction of ours is in the way
    try:
        with files.unpacking(store) as (to, packed):
            sealed.decrypt(backup.path / folder.FILES, to, identities)
        with programs.loading() as loading:
            dump = backup.path / folder.DATABASE
            with loading.part("pre-data", "data") as to:
                sealed.decrypt(dump, to, identities)
            if keys is not None:
                with loading.part() as to:
                    sealed.decrypt(keys.keys.path, to, keys.identities)
                if not keys.keys.are_of(backup):
                    loading.leave_out_keys_of_nobody()
            with loading.part("post-data") as to:  # references last: they are then checked over all
                sealed.decrypt(dump, to, identities)
    except BaseException:
        _empty(store)
        raise
    return packed


def _empty(store: Path) -> None:
    for path in store.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def differences(manifest: Manifest, packed: Packed, *, but: Collection[str] = ()) -> list[Difference]:
    """Compare rows, sums and fingerprints of every table, and the files, with the manifest. but: tables left out."""
    with transaction.atomic():
        found = reckoning.reckon()
    different = [
        Difference(f"table {table}", what, was, now)
        for table in sorted({*manifest.tables, *found}.difference(but))
        for what, was, now in _compared(manifest.tables.get(table), found.get(table))
    ]
    was, now = asdict(manifest.files), asdict(packed)
    different += [Difference("files", what, str(was[what]), str(now[what])) for what in was if was[what] != now[what]]
    return different


def _compared(was: Reckoned | None, now: Reckoned | None) -> Iterator[tuple[str, str, str]]:
    if was is None or now is None:
        yield "the table", "there" if was else "not there", "there" if now else "not there"
        return
    values = [("rows", str(was.rows), str(now.rows)), ("fingerprint", was.fingerprint, now.fingerprint)]
    values += [
        (f"sum of {name}", was.sums.get(name, "none"), now.sums.get(name, "none"))
        for name in sorted({*was.sums, *now.sums})
    ]
    yield from (each for each in values if each[1] != each[2])


def check_seals(manifest: Manifest, *, at: datetime) -> tuple[list[Seals], list[Difference]]:
    """Check every operator's audit log against its seals and the head that the manifest names.

    A machine that has noted no head of an operator notes the restored one: from now on that much must be there.
    """
    found: list[Seals] = []
    different: list[Difference] = []
    for operator in Operator.objects.order_by("slug"):
        head = manifest.heads.get(operator.pk)
        with tenant_scope(operator.pk):
            report = checking.check_chain(noted_heads=[head.hash] if head else [])
        if report.finding is not None:
            detail = report.finding.detail or f"entry {report.finding.entry_id} was {report.finding.kind}"
            different.append(Difference(f"seals of {operator.slug}", f"seal {report.finding.seal}", "intact", detail))
            continue
        noted = heads.noted(operator.pk)
        if head and noted is None:
            heads.note(operator.pk, head, at=at, restored=True)
        is_behind = bool(noted and noted.number and noted.hash not in report.heads)
        found.append(Seals(operator.slug, report.entries, report.head, is_behind))
    return found, different


def check_keys() -> list[Difference]:
    """Open every operator's keys with those of the instance; name the operators of whom one does not."""
    different = []
    for operator in Operator.objects.order_by("slug"):
        with tenant_scope(operator.pk):
            rows = list(OperatorKey.objects.order_by("number"))
            shut = [str(row.number) for row in rows if not _opens(row)]
        if shut:
            different.append(Difference(f"keys of {operator.slug}", ", ".join(shut), "open", "shut"))
    return different


def _opens(row: OperatorKey) -> bool:
    try:
        operator_keys.opened(row)
    except crypto.Unreadable:
        return False
    return True


def lacks_key(manifest: Manifest) -> bool:
    """Whether the key that was newest when the backup was made is missing in ENCRYPTION_KEYS."""
    return manifest.key not in crypto.key_names()
