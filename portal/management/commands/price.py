"""`bin/manage price`: what a charging session costs, and why. Needs no database."""

import argparse
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal import pricing


class Command(BaseCommand):
    """Hand over to `portal.pricing`, which also runs without Django."""

    help = "Price charge detail records: JSON lines in and out, or one record explained."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        pricing.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        status = pricing.run(argparse.Namespace(**options), sys.stdin.buffer, sys.stdout.buffer, sys.stderr)
        if status:
            sys.exit(status)
