"""Restore a backup into an empty database, and prove it: `bin/manage restore`. See docs/runbooks/backup.md."""

import json
import logging
import os
import tarfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error
from django.utils import timezone

from tenants.actor import acting
from tenants.models import Operator
from tenants.privacy import erasure
from tenants.services.backups import folder, restoring, sealed
from tenants.services.backups.files import OddName
from tenants.services.backups.folder import Backup, NotWhole
from tenants.services.backups.programs import ProgramFailed
from tenants.services.backups.restoring import Difference, Manifest, NotEmpty, Unknown
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

    def handle(self, *, backup: Path, identity: Path, verify: bool, unsigned: bool, **options: Any) -> None:
        with acting(task="restore"):
            try:
                found = folder.read(backup, signed=not unsigned)
                identities = sealed.identities(identity)
                folder.check(found)
                manifest = restoring.manifest_of(found, identities)
                restoring.refuse_unless_empty()
            except REFUSED as error:
                raise CommandError(f"Nothing was restored. {error}") from error
            try:
                packed = restoring.load(found, identities)
            except FAILED as error:
                raise CommandError(f"Nothing was restored. {error}") from error
            different = restoring.differences(manifest, packed) if verify else []
            report = self._finish(found, manifest, different, verify=verify)
        self._tell(found, report, options["report"], verify=verify)

    def _finish(
        self, backup: Backup, manifest: Manifest, different: list[Difference], *, verify: bool
    ) -> dict[str, Any]:
        """Bring the schema up to date, check the seals, erase again whom the ledger names, and return the report."""
        call_command("migrate", verbosity=0, interactive=False)
        seals, broken = restoring.check_seals(manifest, at=timezone.now()) if verify else ([], [])
        erased, failed = erased_again()
        return {
            "backup": backup.path.name,
            "made_at": backup.made_at.isoformat(),
            "restored_at": timezone.now().isoformat(),
            "compared": verify,
            "is_same": not different and not broken and not failed,
            "tables": len(manifest.tables),
            "rows": sum(each.rows for each in manifest.tables.values()),
            "sums": sum(len(each.sums) for each in manifest.tables.values()),
            "files": asdict(manifest.files),
            "unfound_files": backup.unfound,
            "erased_again": erased,
            "lacks_key": restoring.lacks_key(manifest),
            "seals": [asdict(each) for each in seals],
            "differences": [asdict(each) for each in [*different, *broken, *failed]],
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


def in_words(report: dict[str, Any]) -> list[str]:
    """Return the report as lines to read."""
    files = report["files"]
    lines = [
        f"{report['backup']}, made {report['made_at']}, restored {report['restored_at']}",
        f"tables: {report['tables']} with {report['rows']} rows and {report['sums']} sums",
        f"files: {files['files']} with {files['bytes']} bytes",
    ]
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
