"""Print a code of a demonstration person's second factor, so that the demonstration needs no phone."""

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django_otp.oath import TOTP

from tenants.models import TotpDevice, User
from tenants.selectors import people
from tenants.services.proof import two_factor


class Command(BaseCommand):
    """Refuses whoever is not of the demonstration, and everything where there is none."""

    help = "Print a code that the person's second factor accepts now (demonstration only)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="the person's address, such as olga@demo.example")

    def handle(self, *args: Any, email: str, **options: Any) -> None:
        if not settings.DEMONSTRATION:
            raise CommandError("This is not a demonstration: codes come from the person's own device.")
        user = User.objects.filter(email=email.lower()).first()
        if user is None or not people.is_of_demonstration(user):
            raise CommandError(f"{email} is not one of the demonstration's people.")
        device = two_factor.authenticator(user)
        if device is None:
            raise CommandError(f"{email} has no authenticator: the password is enough, or a passkey is asked for.")
        self.stdout.write(self._code(device))

    def _code(self, device: TotpDevice) -> str:
        """Return the first code that was not used yet, waiting until the device accepts it."""
        oath = TOTP(device.seed, device.STEP_S, digits=device.DIGITS)
        step = max(oath.t(), device.last_step + 1)
        wait_s = (step - device.TOLERANCE) * device.STEP_S - time.time()
        if wait_s > 0:
            self.stderr.write(f"The last codes are used up; waiting {wait_s:.0f} s for the next.")
            time.sleep(wait_s)
        oath.time = step * device.STEP_S
        return f"{oath.token():0{device.DIGITS}d}"
