#!/usr/bin/env python3
"""Run a management command. `bin/manage` does the same with servers and environment prepared."""

import os
import sys

# These change the schema and therefore work as the owner of the tables; everything else is the app role.
OWNER_COMMANDS = {"migrate", "makemigrations", "restore", "sqlmigrate", "showmigrations", "sqlflush"}
# These decide about operators and the platform's own people, which the app role has no right to.
PLATFORM_COMMANDS = {"create_operator", "platform_member"}
# This reads every row of everybody, and changes none.
BACKUP_COMMANDS = {"backup"}


def main() -> None:
    """Choose the settings and the database role, then hand over to Django."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    if len(sys.argv) > 1 and sys.argv[1] in OWNER_COMMANDS:
        os.environ.setdefault("DATABASE_ROLE", "owner")
    if len(sys.argv) > 1 and sys.argv[1] in PLATFORM_COMMANDS:
        os.environ.setdefault("DATABASE_ROLE", "platform")
    if len(sys.argv) > 1 and sys.argv[1] in BACKUP_COMMANDS:
        os.environ.setdefault("DATABASE_ROLE", "backup")
    from django.core.management import execute_from_command_line  # noqa: PLC0415  # after the environment

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
