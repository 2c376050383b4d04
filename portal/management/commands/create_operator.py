"""Create an operator and invite its first owner, as the platform's database role."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from portal.management import arguments
from portal.words.say import why
from tenants import company_numbers
from tenants.actor import acting, acting_more
from tenants.errors import Refused
from tenants.services.people import onboarding


class Command(BaseCommand):
    """How an installation gets its first operator, and every further one."""

    help = "Create an operator and invite its owner."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="its address in the portal: /o/<slug>/")
        parser.add_argument("--name", required=True)
        parser.add_argument(
            "--owner", type=arguments.email, metavar="EMAIL", help="whom to invite; without it nobody gets in yet"
        )
        parser.add_argument("--vat-number", default="", help="without it no invoice with VAT is issued")
        parser.add_argument("--time-zone", type=arguments.time_zone, default="Europe/Stockholm")
        parser.add_argument("--currency", default="SEK")
        parser.add_argument("--language", default="sv", choices=["sv", "en"])

    def handle(self, *args: Any, **options: Any) -> None:
        names = ("slug", "name", "vat_number", "time_zone", "currency", "language")
        particulars = {name: options[name] for name in names}
        try:
            particulars["vat_number"] = company_numbers.vat(particulars["vat_number"])
            with acting(task="create_operator"), acting_more(is_platform=True):
                self._create(options["owner"], particulars)
        except ValidationError as error:
            told = [f"{name} {options.get(name)!r}: {' '.join(why)}" for name, why in error.message_dict.items()]
            raise CommandError("; ".join(told)) from None
        except Refused as refusal:
            raise CommandError(why(refusal)) from None

    def _create(self, owner: str, particulars: dict[str, Any]) -> None:
        if not owner:
            operator = onboarding.create(**particulars)
            self.stdout.write(f"{operator.name} lives at /o/{operator.slug}/.")
            return
        made = onboarding.onboard(owner_email=owner, to_be_mailed=False, **particulars)
        link = reverse("account:invitation", args=[made.invitation.invitation.public_id, made.invitation.secret])
        self.stdout.write(f"{made.operator.name} lives at /o/{made.operator.slug}/.")
        self.stdout.write(f"Its owner gets in by {link} (once, within a week).")
