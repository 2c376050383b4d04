"""The keys of the people an operator knows, wrapped by the operator's key; and what is kept of those that are gone."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from tenants.models.account import Account
from tenants.models.driver import Driver, DriverIdentity
from tenants.models.operator_key import OperatorKey
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey
from tenants.sealed_fields import Person


class PersonKey(OperatorOwned):
    """The key that seals what is known of a driver, or of an account that is no single person.

    Removing it erases them: what it sealed opens no more, wherever a copy of it stands.
    """

    driver = OwnedForeignKey(Driver, null=True, related_name="+")
    account = OwnedForeignKey(Account, null=True, related_name="+")
    operator_key = OwnedForeignKey(OperatorKey, related_name="+")
    wrapped = models.BinaryField()
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("person_key", "driver", "account", "operator_key", referred=False),
            models.CheckConstraint(
                condition=Q(driver__isnull=False, account__isnull=True) | Q(driver__isnull=True, account__isnull=False),
                name="person_key_of_one",
            ),
            models.UniqueConstraint(
                fields=["operator", "driver"], condition=Q(driver__isnull=False), name="person_key_once_a_driver"
            ),
            models.UniqueConstraint(
                fields=["operator", "account"], condition=Q(account__isnull=False), name="person_key_once_an_account"
            ),
        ]

    def __str__(self) -> str:
        return f"key of {self.person.kind} {self.person.number}"

    @property
    def person(self) -> Person:
        """Whose it is."""
        return Person.of(self.driver_id, self.account_id)


class BooksKey(OperatorOwned):
    """What seals, for bookkeeping alone, what is kept of the erased until a day; wrapped by the operator's key.

    wrapped: None once the day is over and it was destroyed.
    """

    until = models.DateField()
    operator_key = OwnedForeignKey(OperatorKey, related_name="+")
    wrapped = models.BinaryField(null=True)
    made_at = models.DateTimeField(default=timezone.now)
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("books_key", "operator_key"),
            models.UniqueConstraint(fields=["operator", "until"], name="books_key_once"),
            models.CheckConstraint(
                condition=Q(wrapped__isnull=True, destroyed_at__isnull=False)
                | Q(wrapped__isnull=False, destroyed_at__isnull=True),
                name="books_key_destroyed",
            ),
        ]

    def __str__(self) -> str:
        return f"key of what is kept until {self.until}"


class KeptKey(OperatorOwned):
    """The key of one text of an erased person: what an issued invoice names of the buyer (BFL 7 kap. 2 §).

    of, salt: the number of the person's key, which is gone, and what made this one of it.
    books_key: what wraps it; until `rotate_encryption` has seen to it, one from before is wrapped by the operator's.
    wrapped: empty once that key is destroyed.
    """

    identity = OwnedForeignKey(DriverIdentity, models.CASCADE, related_name="+")
    of = models.BigIntegerField()
    salt = models.BinaryField()
    books_key = OwnedForeignKey(BooksKey, null=True, related_name="+")
    operator_key = OwnedForeignKey(OperatorKey, null=True, related_name="+")
    wrapped = models.BinaryField()

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("kept_key", "identity", "books_key", "operator_key", referred=False),
            models.UniqueConstraint(fields=["operator", "of", "salt"], name="kept_key_once"),
            models.CheckConstraint(
                condition=Q(books_key__isnull=True, operator_key__isnull=False)
                | Q(books_key__isnull=False, operator_key__isnull=True),
                name="kept_key_wrapped_by_one",
            ),
        ]
        indexes = [models.Index(fields=["operator", "identity"], name="kept_key_of_identity")]

    def __str__(self) -> str:
        return f"key of a text of identity {self.identity_id}"

    @property
    def person(self) -> Person:
        """Whom the text is about."""
        about: Person = self.identity.sealed_for
        return about
