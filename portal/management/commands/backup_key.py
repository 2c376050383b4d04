"""Make the pair of keys for backups, on a machine that makes none: `bin/manage backup_key FILE`."""

import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tenants.services.backups import sealed


class Command(BaseCommand):
    """Writes the private key to a new file and the public one to the terminal."""

    help = "Make a pair of keys: the private one into FILE, for restoring; the public one for BACKUP_RECIPIENTS."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *, file: Path, **_: Any) -> None:
        private, public = sealed.new_identity()
        try:
            with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as to:
                to.write(f"# public key: {public}\n{private}\n")
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}.") from error
        self.stdout.write(public)
