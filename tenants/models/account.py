"""Accounts: who pays. A person, a company, a housing association, a roaming partner (EN 16931: the Buyer)."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tenants.identifiers import new_public_id
from tenants.models.driver import Driver
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey


class Account(OperatorOwned):
    """Who pays for sessions. Holds nothing personal: its particulars are an identity, as a driver's are.

    Every driver has a private account of their own. The database makes it with the driver, removes it with the driver
    and keeps its number and identity the driver's (`tenants_driver_has_account`): nobody is without an account, no name
    stands twice, and no number is given to two customers. For whom another account
    pays, and since when, the floor that knows cards says.
    """

    class Kind(models.TextChoices):
        PRIVATE = "private", _("private person")
        COMPANY = "company", _("company")
        HOUSING = "housing", _("housing association")
        ROAMING = "roaming", _("roaming partner")

    class Delivery(models.TextChoices):
        PORTAL = "portal", _("in the portal")
        EMAIL = "email", _("by e-mail")
        E_INVOICE = "e_invoice", _("as an e-invoice")
        LETTER = "letter", _("by letter")

    class Shown(models.TextChoices):
        """What the account's own people see besides its invoices."""

        INVOICES = "invoices", _("invoices only")
        TOTALS = "totals", _("sums by driver")
        SESSIONS = "sessions", _("every session")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    customer_number = models.CharField(_("customer number"), max_length=30)
    driver = OwnedForeignKey(Driver, models.CASCADE, null=True, editable=False, related_name="accounts")
    # The identity in force: of a private account its driver's, of any other one of its own.
    identity = OwnedForeignKey("tenants.DriverIdentity", null=True, editable=False, related_name="+")
    language = models.CharField(_("language"), max_length=5, blank=True)
    payment_terms_days = models.PositiveSmallIntegerField(_("payment terms, days"), null=True, blank=True)
    delivery = models.CharField(_("delivery of invoices"), max_length=9, choices=Delivery, default=Delivery.PORTAL)
    # What comes to less waits for a later invoice; 0: nothing waits.
    least_amount = models.DecimalField(_("smallest invoice"), max_digits=8, decimal_places=2, default=0)
    shows = models.CharField(_("what its people see"), max_length=8, choices=Shown, default=Shown.INVOICES)
    # A taxable dealer buys electricity to resell it: what is sold to it is taxed where it is established (directive
    # 2006/112, art. 38). From which day to which by the operator's clock, and what shows it; null `since`: it is none.
    dealer_since = models.DateField(_("buys to resell from"), null=True, blank=True)
    dealer_until = models.DateField(_("buys to resell until"), null=True, blank=True)
    dealer_evidence = models.CharField(
        _("what shows that it resells"), max_length=80, blank=True, default="", db_default=""
    )
    # Where it is established: the country of its particulars, which lie sealed, as the database must know it.
    dealer_in = models.CharField(
        _("established in"), max_length=2, blank=True, default="", db_default="", editable=False
    )
    # When one of these was changed last: drafts made before are of another VAT.
    dealer_changed_at = models.DateTimeField(_("resale changed"), null=True, editable=False)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("account", "driver", "identity"),
            models.CheckConstraint(
                condition=Q(kind="private", driver__isnull=False) | (~Q(kind="private") & Q(driver__isnull=True)),
                name="account_private_is_a_drivers",
            ),
            models.CheckConstraint(condition=Q(least_amount__gte=0), name="account_least_amount_not_negative"),
            models.CheckConstraint(
                condition=Q(dealer_since__isnull=True, dealer_until__isnull=True)
                | (Q(dealer_since__isnull=False, driver__isnull=True) & ~Q(dealer_in="") & ~Q(dealer_evidence="")),
                name="account_dealer_is_shown",
            ),
            models.CheckConstraint(
                condition=Q(dealer_until__isnull=True) | Q(dealer_until__gte=F("dealer_since")),
                name="account_dealer_until_after_since",
            ),
            models.UniqueConstraint(
                fields=["operator", "driver"], condition=Q(driver__isnull=False), name="account_of_driver_once"
            ),
            models.UniqueConstraint(fields=["operator", "customer_number"], name="account_customer_number_once"),
        ]
        indexes = [
            # The few that are no private persons, and all of them by the identity a search finds.
            models.Index(fields=["operator", "kind", "id"], name="account_few", condition=~Q(kind="private")),
            models.Index(fields=["operator", "identity"], name="account_by_identity"),
            # Few resell, and all of them are read with the prices.
            models.Index(fields=["operator"], name="account_dealers", condition=Q(dealer_since__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.customer_number

    @property
    def name(self) -> str:
        """What the account is called on pages: its name, or its number while it has none."""
        return (self.identity.name if self.identity else "") or self.customer_number


class AccountPerson(OperatorOwned):
    """That a person of a company or association sees what its account is billed. At one operator for one account."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    account = OwnedForeignKey(Account, models.CASCADE, related_name="people")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="accounts")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("account_person", "account", referred=False),
            models.UniqueConstraint(fields=["operator", "user"], name="account_person_once"),
        ]
        indexes = [models.Index(fields=["operator", "account"], name="account_person_of_account")]

    def __str__(self) -> str:
        return f"{self.account} #{self.user_id}"  # no name: this stands in the audit log for ever
