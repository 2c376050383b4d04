"""Encrypt again, with the newest key, what an older one encrypted. See docs/runbooks/keys.md."""

from typing import Any

from django.core.files.storage import default_storage
from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing.selectors import own_data
from billing.services import for_books, payer_marks
from billing.services.for_books import NotAsItWas
from charging.services import card_numbers, said
from tenants import sealed_files
from tenants.crypto import Unreadable
from tenants.models import Driver, Erasure, Invitation, Operator, User
from tenants.privacy import erasure
from tenants.scoping import tenant_scope
from tenants.services import operator_keys, person_keys
from tenants.services.people import invitations
from tenants.services.proof import encryption, profiles
from tenants.services.proof.encryption import Rotation

#: After how many files it says how far it is.
TOLD_EVERY = 1_000


class Command(BaseCommand):
    """May be run at any time, beside the running portal, stopped, and run again: what is current is left alone."""

    help = "Encrypt again with the newest keys: secrets in the database, the keys of operators and of people, files."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--new-operator-keys",
            action="store_true",
            help="make each operator a new key first, wrap its people's keys with it and seal its files anew",
        )

    def handle(self, *, new_operator_keys: bool, **_: Any) -> None:
        seeds = encryption.rotate()
        self._say("Authenticators", seeds)
        keys = self._keys(renew=new_operator_keys)
        self._say("Keys of operators", keys)
        people = self._people()
        self._say("Keys of people", people)
        books = self._books()
        self._say("What bookkeeping keeps of the erased", books)
        signing_in = self._users()
        self._say("Addresses of sign-in", signing_in)
        invited = self._invitations()
        self._say("Invitations", invited)
        cards = self._cards()
        self._say("Numbers of cards", cards, act="marked again")
        payers = self._payers()
        self._say("Accounts of payers", payers, act="marked again")
        told = self._said()
        self._say("What stations said", told)
        files = self._files()
        self._say("Files", files)
        done = (seeds, keys, people, books, signing_in, invited, cards, payers, told, files)
        if unreadable := sum(done, start=Rotation()).unreadable:
            raise CommandError(
                f"{unreadable} open with no listed key. If an old key was left out of ENCRYPTION_KEYS, list it last and"
                " run this again; people whose authenticator is lost use a passkey or recovery code."
            )

    def _say(self, what: str, done: Rotation, *, act: str = "encrypted again") -> None:
        self.stdout.write(f"{what}: {done.again} {act}, {done.current} were current.")

    def _keys(self, *, renew: bool) -> Rotation:
        done = Rotation()
        for operator in Operator.objects.order_by("pk"):
            try:
                again, current = operator_keys.rewrap(operator.pk)
                done += Rotation(again, current)
            except Unreadable as error:
                self.stderr.write(f"{operator.slug}: {error}")
                done += Rotation(unreadable=1)
                continue
            if renew:
                operator_keys.renew(operator.pk)
        return done

    def _people(self) -> Rotation:
        done = Rotation()
        for operator in Operator.objects.order_by("pk"):
            try:
                done += Rotation(*person_keys.rewrap(operator.pk))
            except Unreadable as error:
                self.stderr.write(f"{operator.slug}: {error}")
                done += Rotation(unreadable=1)
        return done

    def _books(self) -> Rotation:
        """Have bookkeeping alone open what an erasure kept before there were keys for that."""
        done = Rotation()
        for operator in Operator.objects.order_by("pk"):
            with tenant_scope(operator.pk):
                erased = list(Erasure.objects.filter(erased_at__isnull=False).values_list("driver", flat=True))
            for pk in erased:
                with tenant_scope(operator.pk):
                    driver = Driver.objects.get(pk=pk)
                    try:
                        again = for_books.seal_again(driver) + for_books.seal_signed(driver) + erasure.keep(driver)
                        again += for_books.seal_payers(own_data.payments_of(driver))
                        done += Rotation(again, int(not again))
                    except (Unreadable, NotAsItWas) as error:
                        self.stderr.write(f"{operator.slug}: {error}")
                        done += Rotation(unreadable=1)
        return done

    def _users(self) -> Rotation:
        done = Rotation()
        for pk in User.objects.order_by("pk").values_list("pk", flat=True).iterator():
            try:
                is_again = profiles.seal_again(pk)
                done += Rotation(int(is_again), int(not is_again))
            except Unreadable as error:
                self.stderr.write(f"person {pk}: {error}")
                done += Rotation(unreadable=1)
        return done

    def _invitations(self) -> Rotation:
        done = Rotation()
        for row in Invitation.objects.only("pk", "operator").order_by("pk").iterator():
            try:
                is_again = invitations.seal_again(row)
                done += Rotation(int(is_again), int(not is_again))
            except Unreadable as error:
                self.stderr.write(f"invitation {row.pk}: {error}")
                done += Rotation(unreadable=1)
        return done

    def _cards(self) -> Rotation:
        done = Rotation()
        for operator in Operator.objects.order_by("pk"):
            try:
                done += Rotation(*card_numbers.mark_again(operator.pk))
            except Unreadable as error:
                self.stderr.write(f"{operator.slug}: {error}")
                done += Rotation(unreadable=1)
        return done

    def _payers(self) -> Rotation:
        done = Rotation()
        for operator in Operator.objects.order_by("pk"):
            try:
                done += Rotation(*payer_marks.mark_again(operator.pk))
            except Unreadable as error:
                self.stderr.write(f"{operator.slug}: {error}")
                done += Rotation(unreadable=1)
        return done

    def _said(self) -> Rotation:
        done = Rotation()
        for operator in Operator.objects.order_by("pk"):
            done += Rotation(*said.seal_again(operator.pk))
        return done

    def _files(self) -> Rotation:
        done, orphans = Rotation(), 0
        known = set(Operator.objects.values_list("pk", flat=True))
        for number, name in enumerate(sealed_files.names(default_storage), start=1):
            if sealed_files.operator_of(name) not in known:
                orphans += 1
                continue
            try:
                is_again = sealed_files.seal_again(default_storage, name)
                done += Rotation(int(is_again), int(not is_again))
            except (Unreadable, OSError) as error:
                self.stderr.write(f"{name}: {error}")
                done += Rotation(unreadable=1)
            if number % TOLD_EVERY == 0:
                self.stdout.write(f"  {number} files, {done.again} sealed again")
        if orphans:
            self.stderr.write(f"Left alone, as they belong to no operator of this database: {orphans} files.")
        return done
