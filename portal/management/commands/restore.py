"""Restore a backup into an empty database, and prove it: `bin/manage restore`. See docs/runbooks/backup.md."""

import json
import logging
import os
import tarfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error
from django.utils import timezone

from tenants.actor import acting
from tenants.models import Operator
from tenants.privacy import erasure
from tenants.services.backups import folder, programs, restoring, sealed
from tenants.services.backups.files import OddName
from tenants.services.backups.folder import Backup, NotWhole
from tenants.services.backups.programs import ProgramFailed
from tenants.services.backups.restoring import Difference, KeysToLoad, Manifest, NotEmpty, Unknown
from tenants.services.backups.sealed import BadKey, Unopened

log = logging.getLogger(__name__)

REFUSED = (NotWhole, NotEmpty, Unknown, BadKey, Unopened)
FAILED = (ProgramFailed, OddName, Unopened, tarfile.TarError, OSError, Error)


class Command(BaseCommand):
    """Exit status: 0 everything is as the manifest says, 1 it was refused, failed, or something differs."""

    help = "Restore a backup into an empty database and an empty folder of files."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("backup", type=Path, help="its folder")
        parser.add_argument("--identity", type=Path, required=True, metavar="FILE", help="the private key")
        parser.add_argument(
            "--verify", action="store_true", help="compare every table and file with the manifest, and note the proof"
        )
        parser.add_argument("--report", type=Path, metavar="FILE", help="write the report as JSON")
        parser.add_argument(
            "--unsigned", action="store_true", help="restore though no key of ENCRYPTION_KEYS has signed it"
        )
        parser.add_argument(
            "--keys", type=Path, metavar="FOLDER", help="where the part with the keys lies, if not beside the backup"
        )
        parser.add_argument(
            "--keys-identity", type=Path, metavar="FILE", help="the private key of that part, if it is another one"
        )
        parser.add_argument(
            "--without-keys", action="store_true", help="restore without that part: nothing that is sealed will open"
        )

    def handle(self, *, backup: Path, identity: Path, verify: bool, unsigned: bool, **options: Any) -> None:
        with acting(task="restore"):
            try:
                found = folder.read(backup, signed=not unsigned)
                identities = sealed.identities(identity)
                folder.check(found)
                manifest = restoring.manifest_of(found, identities)
                keys = self._keys(found, identities, signed=not unsigned, **options)
                restoring.refuse_unless_empty()
            except REFUSED as error:
                raise CommandError(f"Nothing was restored. {error}") from error
            try:
                packed = restoring.load(found, identities, keys)
            except FAILED as error:
                raise CommandError(f"Nothing was restored. {error}") from error
            are_own = found.keys is None or (keys is not None and keys.keys.are_of(found))
            but = () if are_own else programs.KEY_TABLES
            different = restoring.differences(manifest, packed, but=but) if verify else []
            if verify and not are_own:
                now = keys.keys.made_at.isoformat() if keys else "none"
                different.append(Difference("keys", "made", found.made_at.isoformat(), now))
            told = {"are_own": are_own, "made_at": keys.keys.made_at.isoformat() if keys else None}
            report = self._finish(found, manifest, different, told, verify=verify)
        self._tell(found, report, options["report"], verify=verify)

    def _keys(
        self,
        backup: Backup,
        identities: list[Any],
        *,
        signed: bool,
        keys: Path | None,
        keys_identity: Path | None,
        without_keys: bool,
        **_: Any,
    ) -> KeysToLoad | None:
        """Find the part with the keys, and open it to its end; None where it stands in the dump, or is done without."""
        if backup.keys is None or without_keys:
            return None
        apart = keys or (Path(settings.BACKUP_KEYS_FOLDER) if settings.BACKUP_KEYS_FOLDER else None)
        place = apart if keys or folder.KEYS not in backup.parts else None
        found = folder.keys_of(backup, place, signed=signed)
        to_load = KeysToLoad(found, sealed.identities(keys_identity) if keys_identity else identities)
        to_load.check()
        return to_load

    def _finish(
        self,
        backup: Backup,
        manifest: Manifest,
        different: list[Difference],
        keys: dict[str, Any],
        *,
        verify: bool,
    ) -> dict[str, Any]:
        """Bring the schema up to date, check the seals, erase again whom the ledger names, and return the report."""
        call_command("migrate", verbosity=0, interactive=False)
        seals, broken = restoring.check_seals(manifest, at=timezone.now()) if verify else ([], [])
        shut = restoring.check_keys() if verify else []
        erased, failed = erased_again()
        return {
            "backup": backup.path.name,
            "made_at": backup.made_at.isoformat(),
            "restored_at": timezone.now().isoformat(),
            "compared": verify,
            "is_same": not (different or broken or shut or failed),
            "keys": keys,
            "tables": len(manifest.tables),
            "rows": sum(each.rows for each in manifest.tables.values()),
            "sums": sum(len(each.sums) for each in manifest.tables.values()),
            "files": asdict(manifest.files),
            "unfound_files": backup.unfound,
            "erased_again": erased,
            "lacks_key": restoring.lacks_key(manifest),
            "seals": [asdict(each) for each in seals],
            "differences": [asdict(each) for each in [*different, *broken, *shut, *failed]],
        }

    def _tell(self, backup: Backup, report: dict[str, Any], to: Path | None, *, verify: bool) -> None:
        self.stdout.writelines(f"{line}\n" for line in in_words(report))
        if to is not None:
            try:
                to.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            except OSError as error:
                self.stderr.write(f"{to} cannot be written: {error.strerror}.")
        if verify:
            self._note(backup, report)
        if not report["is_same"]:
            raise CommandError(f"{len(report['differences'])} differences: what was restored is not what was saved.")

    def _note(self, backup: Backup, report: dict[str, Any]) -> None:
        if not os.access(backup.path, os.W_OK):
            self.stdout.write(f"{backup.path} cannot be written: that this was proved stands in the report alone.")
            return
        folder.note_proof(backup, at=timezone.now(), report=report)


def erased_again() -> tuple[int, list[Difference]]:
    """Erase again whom the ledger names; return how many, and the operators at which that failed."""
    count: int = 0
    failed: list[Difference] = []
    for operator in Operator.objects.order_by("slug"):
        try:
            count += erasure.replay(operator.pk, at=timezone.now())
        except Exception as error:
            log.exception("Erasures of %s could not be replayed.", operator.slug)
            failed.append(Difference(f"erasures of {operator.slug}", "replayed", "all", type(error).__name__))
    return count, failed


def _keys_in_words(keys: dict[str, Any]) -> list[str]:
    if keys["are_own"]:
        return []
    if keys["made_at"] is None:
        return ["the keys of operators and people are missing: names, addresses, files and documents open nowhere"]
    return [
        f"the keys of operators and people are of another backup, made {keys['made_at']}: what was sealed with a key"
        " that it does not hold opens nowhere"
    ]


def in_words(report: dict[str, Any]) -> list[str]:
    """Return the report as lines to read."""
    files = report["files"]
    lines = [
        f"{report['backup']}, made {report['made_at']}, restored {report['restored_at']}",
        f"tables: {report['tables']} with {report['rows']} rows and {report['sums']} sums",
        f"files: {files['files']} with {files['bytes']} bytes",
    ]
    lines += _keys_in_words(report["keys"])
    if report["erased_again"]:
        lines.append(f"people erased again, as the ledger of erasures says: {report['erased_again']}")
    if report["unfound_files"]:
        lines.append(f"files that rows name and that were not there when it was made: {report['unfound_files']}")
    for seals in report["seals"]:
        lines.append(f"seals of {seals['operator']}: intact, {seals['entries']} entries, head {seals['head']}")
        if seals["is_behind"]:
            lines.append(
                f"  this machine has noted a later head: bin/manage audit accept-restore --operator {seals['operator']}"
            )
    if report["lacks_key"]:
        lines.append(
            "the key of that time is not among ENCRYPTION_KEYS: authenticators do not open, seals prove nothing"
        )
    lines += [
        f"DIFFERENT {each['where']}, {each['what']}: was {each['was']}, is now {each['is_now']}"
        for each in report["differences"]
    ]
    if not report["compared"]:
        return [*lines, "not compared with its manifest: --verify does that"]
    return lines if report["differences"] else [*lines, "everything is as it was"]
