"""`bin/manage platform_member add EMAIL`: let somebody run the instance. How the platform gets its first member."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from portal.management import arguments
from portal.words.say import why
from tenants.actor import acting
from tenants.errors import Refused
from tenants.models import PlatformMember, User
from tenants.selectors import platform
from tenants.services.platform import members as platform_members
from tenants.services.proof import password_links


class Command(BaseCommand):
    """Adds, takes off and lists members of the platform, as the platform's database role."""

    help = "Add, remove or list the people who run the instance."

    def add_arguments(self, parser: CommandParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        adding = acts.add_parser("add", help="let the person with this address run the instance")
        adding.add_argument("email", type=arguments.email)
        adding.add_argument("--name", default="", help="for a person who has no account yet")
        adding.add_argument("--existing", action="store_true", help="the address has an account, and it is theirs")
        removing = acts.add_parser("remove", help="take the person off")
        # As it is kept: members from before addresses were looked at may have none that is one.
        removing.add_argument("email", type=str.lower)
        acts.add_parser("list", help="who runs the instance")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with acting(task="platform_member"):
                getattr(self, f"_{options['act']}")(options)
        except Refused as refusal:
            raise CommandError(why(refusal)) from None

    def _add(self, options: dict[str, Any]) -> None:
        known = User.objects.filter(email=options["email"].lower()).first()
        if known is not None:
            self._describe(platform_members.account(known))
        meant = known.public_id if known is not None and options["existing"] else None
        try:
            added = platform_members.add(email=options["email"], name=options["name"], meant=meant)
        except platform_members.AccountExists as refusal:
            raise CommandError(f"{refusal} If it is theirs, say so: --existing.") from None
        user = added.member.user
        self.stdout.write(f"{user.email} is a member of the platform and signs in at /platform/.")
        if added.needs_password:
            link = reverse("account:set_password", args=password_links.FIRST.parts(user))
            self.stdout.write(f"They choose a password at {link} (once, within three days).")

    def _describe(self, account: platform_members.Account) -> None:
        proved = f"proved {account.proved_at:%Y-%m-%d}" if account.proved_at else "never proved"
        seen = f"{account.last_login:%Y-%m-%d}" if account.last_login else "never"
        self.stdout.write(
            f"{account.email} has an account: name {account.name or '(none)'}, made {account.created_at:%Y-%m-%d}, "
            f"last sign-in {seen}, places at operators: {account.places}, mailbox {proved}."
        )

    def _remove(self, options: dict[str, Any]) -> None:
        rows = PlatformMember.objects.select_related("user")
        member = rows.filter(user__email=options["email"], is_active=True).first()
        if member is None:
            raise CommandError(f"{options['email']} is no member of the platform.")
        platform_members.deactivate(member)
        self.stdout.write(f"{member.user.email} is no longer a member of the platform.")

    def _list(self, options: dict[str, Any]) -> None:
        for member in platform.members():
            self.stdout.write(f"{member.user.email}{'' if member.is_active else '  (taken off)'}")
