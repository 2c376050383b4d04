"""Make a backup that this machine cannot read: `bin/manage backup`. See docs/runbooks/backup.md."""

import logging
import signal
import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error, connection
from django.utils import timezone

from tenants.services.backups import folder, making, sealed
from tenants.services.backups.folder import Busy, NotWhole
from tenants.services.backups.making import InTheStore, KeysPart
from tenants.services.backups.programs import ProgramFailed
from tenants.services.backups.sealed import BadKey

log = logging.getLogger(__name__)

#: How often the watch looks whether one is due, and how long it waits after one that failed.
LOOK_S, AFTER_FAILURE_S = 60.0, 900.0
FAILURES = (Busy, NotWhole, ProgramFailed, OSError, Error)


class Command(BaseCommand):
    """Acts as the role of backups, which reads everything and changes nothing."""

    help = "Make a backup of database and files, encrypted to BACKUP_RECIPIENTS, in BACKUP_FOLDER."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--watch", action="store_true", help="make one whenever BACKUP_EVERY_HOURS have passed, until stopped"
        )

    def handle(self, *, watch: bool, **_: Any) -> None:
        if not settings.BACKUP_FOLDER:
            raise CommandError("No backups are wanted: BACKUP_FOLDER and BACKUP_RECIPIENTS are not set.")
        try:
            self._recipients = sealed.recipients(settings.BACKUP_RECIPIENTS)
        except BadKey as error:
            raise CommandError(f"BACKUP_RECIPIENTS: {error}") from error
        try:
            recipients = sealed.recipients(settings.BACKUP_KEYS_RECIPIENTS)
        except BadKey as error:
            raise CommandError(f"BACKUP_KEYS_RECIPIENTS: {error}") from error
        apart = settings.BACKUP_KEYS_FOLDER
        self._keys = KeysPart(recipients, Path(apart) if apart else None)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what is half made is removed
        if watch:
            self._watch()
        try:
            self._make()
        except (*FAILURES, InTheStore) as error:
            raise CommandError(f"No backup was made. {error}") from error

    def _make(self) -> None:
        backup = making.make(
            Path(settings.BACKUP_FOLDER), self._recipients, self._keys, keep=settings.BACKUP_KEEP, clock=timezone.now
        )
        self.stdout.write(f"{backup.path}: {backup.bytes} bytes, whole.")
        if backup.unfound:
            self.stderr.write(
                f"{backup.unfound} files that the database names are not in {settings.MEDIA_ROOT}: does it lie here?"
            )

    def _watch(self) -> None:
        while True:
            wait_s = LOOK_S
            found = folder.whole(Path(settings.BACKUP_FOLDER))
            if not found or timezone.now() - found[0].made_at >= settings.BACKUP_EVERY:
                try:
                    self._make()
                except FAILURES:
                    log.exception("No backup was made.")
                    wait_s = AFTER_FAILURE_S
                connection.close()
            time.sleep(wait_s)
