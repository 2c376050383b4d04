"""Print a link by which a person sets a new password: for installations without a mail server.

Who may run this has the machine, and with it everything; still each operator of the person sees it in their log.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from portal.management import arguments
from tenants.actor import acting
from tenants.log import sign_ins
from tenants.models import User
from tenants.services.proof import password_links


class Command(BaseCommand):
    """The link works once, for an hour; the second factor is asked for as ever."""

    help = "Print a link by which the person sets a new password, once, within an hour."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="the person's address")
        parser.add_argument(
            "--address", type=arguments.web_address, default="", help="the portal's, such as https://portal.example.com"
        )

    def handle(self, *args: Any, email: str, address: str, **options: Any) -> None:
        user = User.objects.filter(email=email.lower(), is_active=True).first()
        if user is None:
            raise CommandError(f"Nobody with the address {email} can sign in here.")
        with acting(task="password_link"):
            sign_ins.record(user, sign_ins.PASSWORD_LINK_PRINTED)
        link = reverse("account:password_reset_choose", args=password_links.NEW.parts(user))
        self.stdout.write(f"{address.rstrip('/')}{link}")
