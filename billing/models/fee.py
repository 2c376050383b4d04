"""What an account pays beside its sessions: fees, single charges, credits, discounts; and what was charged of each."""

from typing import Any, ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _

from charging.models import Token
from tenants.identifiers import new_public_id
from tenants.models import Account, Driver
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey


class Fee(OperatorOwned):
    """What an account pays by agreement: a price a month or a year from `since` to `until`, or once, on `since`.

    A price of a month or a year is shared by days (`billing.sql.fees`). `until` is the last day; null: it goes on. Only
    the end may change: what was agreed otherwise is another fee. The rate of VAT is the standard one of `vat_country`
    on each day, or else `vat_rate` (null: outside the scope of VAT).

    A discount takes `percent`, or `price` a month, off the lines of energy or of all (`billing.sql.discounts`); its VAT
    is that of those lines.
    """

    class Kind(models.TextChoices):
        MONTHLY = "monthly", _("every month")
        YEARLY = "yearly", _("every year")
        ONCE = "once", _("once")
        CREDIT = "credit", _("credit")
        DISCOUNT = "discount", _("discount")

    class Per(models.TextChoices):
        """What the price is for; drivers and cards are counted on the days on which they belong to the account."""

        ACCOUNT = "account", _("payer")
        DRIVER = "driver", _("driver")
        CARD = "card", _("card")

    class TakenOff(models.TextChoices):
        """What a discount is taken off."""

        ENERGY = "energy", _("off energy")
        ALL = "all", _("off all")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    account = OwnedForeignKey(Account, related_name="fees")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    per = models.CharField(_("per"), max_length=7, choices=Per, default=Per.ACCOUNT)
    # What the customer reads, and why, which only staff read.
    text = models.CharField(_("text on the invoice"), max_length=100)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    price = models.DecimalField(
        _("price"), max_digits=10, decimal_places=2, null=True, validators=[MinValueValidator(0)]
    )
    percent = models.DecimalField(
        _("percentage"),
        max_digits=5,
        decimal_places=2,
        null=True,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )
    taken_off = models.CharField(_("discount on"), max_length=6, choices=TakenOff, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    tax_included = models.BooleanField(_("the price includes VAT"), default=False)
    vat_country = models.CharField(max_length=2, blank=True)
    vat_rate = models.DecimalField(_("VAT rate"), max_digits=5, decimal_places=2, null=True, blank=True)
    booking_account = models.CharField(_("booking account"), max_length=10, blank=True)
    since = models.DateField(_("from"))
    until = models.DateField(_("to"), null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("fee", "account"),
            models.CheckConstraint(condition=Q(price__gt=0), name="fee_price_positive"),
            models.CheckConstraint(
                condition=Q(price__isnull=False, percent__isnull=True)
                | Q(price__isnull=True, percent__gt=0, percent__lte=100, kind="discount"),
                name="fee_price_or_percent",
            ),
            models.CheckConstraint(
                condition=Q(kind="discount", taken_off__in=["energy", "all"]) | (~Q(kind="discount") & Q(taken_off="")),
                name="fee_discount_is_off_something",
            ),
            models.CheckConstraint(condition=Q(until__gte=F("since")), name="fee_until_not_before_since"),
            models.CheckConstraint(
                condition=Q(vat_country="") | Q(vat_rate__isnull=True), name="fee_one_source_of_its_rate"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["monthly", "yearly"])
                | Q(kind="discount", per="account")
                | Q(per="account", until__isnull=True),
                name="fee_once_is_the_accounts",
            ),
        ]
        indexes = [
            models.Index(fields=["operator", "account"], name="fee_of_account"),
            models.Index(fields=["operator", "-since", "-id"], name="fee_newest"),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def is_recurring(self) -> bool:
        """Whether it goes on until it ends."""
        return self.kind not in (self.Kind.ONCE, self.Kind.CREDIT)

    @property
    def takes_away(self) -> bool:
        """Whether it lessens what is paid."""
        return self.kind in (self.Kind.CREDIT, self.Kind.DISCOUNT)


def _one(field: str) -> Func:
    """A range of one number, which can be indexed beside a range of days; 0 stands for none."""
    number = Func(F(field), Value(0), function="coalesce")
    return Func(number, number, Value("[]"), function="int8range")


class BilledFee(OperatorOwned):
    """That a fee stands on an invoice for the days from `first_day` to `last_day`, per driver or card of one of them.

    The constraint is why no day of a fee can be charged twice. A credit note changes nothing here: what was charged and
    given back is not charged again by itself. Text and booking account are those of the day it was drafted.

    late: what paying late costs is no sale, and is booked as what it is. percent: of a discount by percentage alone. It
    is of lines, each of which stands on one invoice, and the days are those of the first and the last of them; the days
    of everything else are its own.
    """

    class Late(models.TextChoices):
        """The use (`BookingAccount.Use`) that it has in the ledger."""

        COSTS = "late_costs", _("fee for paying late")
        INTEREST = "interest", _("late interest")

    fee = OwnedForeignKey(Fee, related_name="billings")
    invoice = OwnedForeignKey("billing.Invoice", models.CASCADE, related_name="billed_fees")
    driver = OwnedForeignKey(Driver, null=True, related_name="+")
    token = OwnedForeignKey(Token, null=True, related_name="+")
    first_day = models.DateField()
    last_day = models.DateField()
    percent = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    text = models.CharField(max_length=100)
    booking_account = models.CharField(max_length=10, blank=True)
    late = models.CharField(max_length=12, choices=Late, blank=True, default="", db_default="")

    class Meta:
        default_permissions = ()
        constraints: ClassVar[list[Any]] = [
            *owned("billed_fee", "fee", "invoice", "driver", "token", bulk=True),
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="billed_fee_has_days"),
            ExclusionConstraint(
                name="fee_billed_once_a_day",
                expressions=[
                    (_one("fee_id"), "&&"),
                    (_one("driver_id"), "&&"),
                    (_one("token_id"), "&&"),
                    (Func(F("first_day"), F("last_day"), Value("[]"), function="daterange"), "&&"),
                ],
                condition=Q(percent__isnull=True),
            ),
            models.UniqueConstraint(
                fields=["operator", "fee", "invoice"],
                condition=Q(percent__isnull=False),
                name="percentage_once_an_invoice",
            ),
        ]
        indexes = [
            models.Index(fields=["operator", "fee", "first_day"], name="billed_fee_of_fee"),
            models.Index(fields=["operator", "invoice"], name="billed_fee_of_invoice"),
        ]

    def __str__(self) -> str:
        return f"{self.text} {self.first_day}–{self.last_day}"
