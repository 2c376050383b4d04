"""Create an operator with its first owner, who sets their password by a single-use link."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from tenants.actor import acting
from tenants.models import Membership
from tenants.scoping import tenant_scope
from tenants.services import consents, first_passwords, operators, people


class Command(BaseCommand):
    """How an installation gets its first operator, and every further one."""

    help = "Create an operator and invite its owner."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="its address in the portal: /o/<slug>/")
        parser.add_argument("--name", required=True)
        parser.add_argument("--owner", required=True, metavar="EMAIL")
        parser.add_argument("--time-zone", default="Europe/Stockholm")
        parser.add_argument("--currency", default="SEK")
        parser.add_argument("--language", default="sv", choices=["sv", "en"])

    def handle(self, *args: Any, **options: Any) -> None:
        with acting(task="create_operator"):
            try:
                operator = operators.create(
                    slug=options["slug"],
                    name=options["name"],
                    time_zone=options["time_zone"],
                    currency=options["currency"],
                    language=options["language"],
                )
            except ValidationError as error:
                raise CommandError("; ".join(f"{name}: {' '.join(why)}" for name, why in error.message_dict.items()))  # noqa: B904
            with tenant_scope(operator.pk):
                consents.install_defaults(operator)
            invited = people.add(operator, email=options["owner"], role=Membership.Role.OWNER)
        self.stdout.write(f"{operator.name} lives at /o/{operator.slug}/.")
        if invited.needs_password:
            link = reverse("account:set_password", args=first_passwords.link_parts(invited.user))
            self.stdout.write(f"Its owner sets a password at {link} (once, within three days).")
        else:
            self.stdout.write(f"{invited.user.email} signs in as before.")
