"""Acts of the platform in the middle of another command: in a process of its own, with the role of its own."""

import os
import subprocess
import sys

from django.conf import settings
from django.core.management.base import CommandError


def run(*arguments: str) -> None:
    """Run a management command as the platform's role, silently when all is well.

    Raises:
        CommandError: it failed; it has said why.
    """
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments]
    environment = {**os.environ, "DATABASE_ROLE": "platform"}
    ended = subprocess.run(  # noqa: S603  # our own command
        command, check=False, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    if ended.returncode:
        raise CommandError(f"{arguments[0]} failed; the reason is above.")
