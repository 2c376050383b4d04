"""Encrypt again, with the newest key, what an older one encrypted. See docs/runbooks/keys.md."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tenants.services.proof import encryption


class Command(BaseCommand):
    """May be run at any time, beside the running portal, and twice."""

    help = "Encrypt secrets in the database again with the newest of ENCRYPTION_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        done = encryption.rotate()
        self.stdout.write(f"{done.again} encrypted again, {done.current} were current.")
        if done.unreadable:
            raise CommandError(
                f"{done.unreadable} open with no listed key: their people use a passkey or recovery code. If an old key"
                " was left out of ENCRYPTION_KEYS, list it last and run this again."
            )
