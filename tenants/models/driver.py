"""Drivers, their groups, and the one place where their personal data stands."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tenants.identifiers import new_public_id
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey
from tenants.sealed_fields import Person, SealedCharField, SealedEmailField


class DriverGroup(OperatorOwned):
    """Drivers who share a tariff: residents of a house, a company's fleet."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=100)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("driver_group"),
            models.UniqueConstraint(fields=["operator", "name"], name="driver_group_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Driver(OperatorOwned):
    """A customer who charges and is billed. Holds nothing personal: see `DriverIdentity`."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    customer_number = models.CharField(_("customer number"), max_length=30)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="drivers")
    group = OwnedForeignKey(DriverGroup, null=True, blank=True, related_name="drivers")
    # Since when; null: always. What was before is told by `EarlierGroup`.
    group_since = models.DateTimeField(_("in the group since"), null=True, editable=False)
    # The identity in force. Null only between the creation of the driver and of the first identity.
    identity = OwnedForeignKey("tenants.DriverIdentity", null=True, editable=False, related_name="+")
    is_active = models.BooleanField(_("active"), default=True)
    # Whether they get a letter when a station tells of a charge days later.
    mails_late = models.BooleanField(_("letters about late charges"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("driver", "group", "identity"),
            models.UniqueConstraint(fields=["operator", "customer_number"], name="driver_customer_number_once"),
            models.UniqueConstraint(
                fields=["operator", "user"], condition=Q(user__isnull=False), name="driver_user_once"
            ),
        ]
        indexes = [
            models.Index(fields=["group", "customer_number"], condition=Q(group__isnull=False), include=["is_active"],
                         name="driver_of_group"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.customer_number


class EarlierGroup(OperatorOwned):
    """That a driver was of a group, or of none, up to an instant: from the one before it on, or always.

    A session has the prices of the group that its driver was of when it began, whenever it is priced.
    """

    driver = OwnedForeignKey(Driver, models.CASCADE, related_name="earlier_groups")
    group = OwnedForeignKey(DriverGroup, null=True, related_name="+")
    until = models.DateTimeField(_("until"))

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("earlier_group", "driver", "group", referred=False),
            models.UniqueConstraint(fields=["operator", "driver", "until"], name="earlier_group_once_a_time"),
        ]

    def __str__(self) -> str:
        return f"{self.driver} – {self.until:%Y-%m-%d}"


class DriverIdentity(OperatorOwned):
    """Everything personal the operator holds of a driver, or of an account that is no single person: one version of it.

    A change adds a version, so that an issued invoice keeps naming the buyer as it was (EN 16931 BG-7, with BT-10 and
    BT-13) while encryption and erasure find all personal fields in this one table. All but the country is sealed
    with the person's key (`tenants.sealed_fields`); by names and numbers they are found through the index of words
    (`tenants.selectors.names`), and short lists are sorted by name when they are opened.
    """

    driver = OwnedForeignKey(Driver, null=True, related_name="identities")
    account = OwnedForeignKey("tenants.Account", null=True, related_name="identities")
    name = SealedCharField(_("name"), max_length=200, blank=True)
    organisation_number = SealedCharField(_("organisation number"), max_length=20, blank=True)
    vat_number = SealedCharField(_("VAT number"), max_length=20, blank=True)
    gln = SealedCharField(_("GLN"), max_length=13, blank=True)
    email = SealedEmailField(_("e-mail"), blank=True)
    phone = SealedCharField(_("phone"), max_length=40, blank=True)
    street = SealedCharField(_("street"), max_length=200, blank=True)
    postal_code = SealedCharField(_("postal code"), max_length=20, blank=True)
    city = SealedCharField(_("city"), max_length=100, blank=True)
    country = models.CharField(_("country"), max_length=2, default="SE", help_text=_("ISO 3166, two letters."))
    # Where things go, if not where the invoice goes (EN 16931 BG-15).
    delivery_street = SealedCharField(_("street of delivery"), max_length=200, blank=True)
    delivery_postal_code = SealedCharField(_("postal code of delivery"), max_length=20, blank=True)
    delivery_city = SealedCharField(_("city of delivery"), max_length=100, blank=True)
    buyer_reference = SealedCharField(_("buyer's reference"), max_length=100, blank=True)
    order_number = SealedCharField(_("order number"), max_length=100, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("driver_identity", "driver", "account"),
            models.CheckConstraint(
                condition=Q(driver__isnull=False, account__isnull=True) | Q(driver__isnull=True, account__isnull=False),
                name="driver_identity_of_one",
            ),
        ]
        indexes = [
            models.Index(fields=["operator", "driver"], name="driver_identity_by_driver"),
            models.Index(
                fields=["operator", "account"], name="driver_identity_by_account", condition=Q(account__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"identity {self.pk}"

    @property
    def sealed_for(self) -> Person:
        """Whose key seals it."""
        return Person.of(self.driver_id, self.account_id)
