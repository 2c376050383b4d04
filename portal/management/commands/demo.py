"""`bin/manage demo`: build the demonstration, or say how to sign in to it."""

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from portal.demo import people, story
from tenants.actor import acting
from tenants.models import Operator
from tenants.selectors.people import demonstration


class Command(BaseCommand):
    """Two Swedish operators with a year of charging. Refused where the portal is no demonstration."""

    help = "Build the demonstration in an empty database."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--sign-ins", action="store_true", help="only print who can sign in, and how")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMONSTRATION:
            raise CommandError("This is no demonstration (WATTLEDGER_DEMONSTRATION is off).")
        if not options["sign_ins"]:
            self._build()
        self._say_sign_ins()

    def _build(self) -> None:
        if Operator.objects.exists():
            raise CommandError("There are operators already; the demonstration wants an empty database.")
        began = time.perf_counter()
        with acting(task="demo"):
            story.tell(timezone.now(), say=self.stdout.write)
        self.stdout.write(f"The demonstration is ready after {time.perf_counter() - began:.0f} s.")

    def _say_sign_ins(self) -> None:
        cast = demonstration()
        if not cast:
            raise CommandError("Nobody of the demonstration is here.")
        for membership in cast:
            role = membership.get_role_display()
            self.stdout.write(f"  {membership.user.email:22} {role:11} {membership.operator.name}")
        platform = people.PLATFORM
        self.stdout.write(f"  {platform.email:22} {'Platform':11} runs the instance: its pages are at /platform/")
        self.stdout.write(f"  Password of all: {people.PASSWORD}   Second factor: bin/manage otp_code EMAIL")
