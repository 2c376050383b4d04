"""Reminders of what is overdue: the operator's steps, the terms they rest on, and each reminder that was sent."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from billing.models.invoice import Invoice
from tenants.identifiers import new_public_id
from tenants.models import Account
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey


class ReminderStep(OperatorOwned):
    """What is done so many days after the day an invoice was due. Handing over to an agency is the last step.

    texts: the letter's words by language; what is not there is said in the usual words (`portal.words.reminders`).
    """

    class What(models.TextChoices):
        REMINDER = "reminder", _("reminder")
        COLLECTION = "collection", _("to the collection agency")

    days = models.PositiveSmallIntegerField(
        _("days after the due date"), validators=[MinValueValidator(1), MaxValueValidator(365)]
    )
    what = models.CharField(_("what is done"), max_length=10, choices=What, default=What.REMINDER)
    asks_costs = models.BooleanField(_("with the costs that the law allows"), default=False)
    asks_interest = models.BooleanField(_("with late interest"), default=False)
    texts = models.JSONField(_("text"), default=dict, blank=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("reminder_step", referred=False),
            models.UniqueConstraint(fields=["operator", "days"], name="reminder_step_once_a_day"),
            models.CheckConstraint(condition=Q(days__gte=1, days__lte=365), name="reminder_step_within_a_year"),
            models.CheckConstraint(
                condition=Q(what="reminder") | Q(asks_costs=False, asks_interest=False),
                name="reminder_step_collection_asks_nothing",
            ),
        ]

    def __str__(self) -> str:
        return str(_("%(days)s days") % {"days": self.days})


class ReminderTerms(OperatorOwned):
    """What was agreed about paying late: with everybody (no account), or with one account, whose terms count instead.

    fee_since: since when a reminder fee is agreed; null: it is not. due_day_agreed: the last day to pay is agreed, so
    that interest runs from it; otherwise it runs from the thirtieth day after the first reminder. least: less than that
    is not reminded of (of the terms with everybody alone).
    """

    account = OwnedForeignKey(Account, models.CASCADE, null=True, related_name="+")
    fee_since = models.DateField(_("reminder fee agreed since"), null=True, blank=True)
    due_day_agreed = models.BooleanField(_("the last day to pay is agreed"), default=False)
    least = models.DecimalField(_("smallest amount that is reminded of"), max_digits=8, decimal_places=2, default=0)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("reminder_terms", "account", referred=False),
            models.UniqueConstraint(fields=["operator", "account"], name="reminder_terms_once", nulls_distinct=False),
            models.CheckConstraint(condition=Q(least__gte=0), name="reminder_terms_least_not_negative"),
        ]

    def __str__(self) -> str:
        return str(self.account or "*")


class Reminder(OperatorOwned):
    """That an invoice was reminded of, or handed over to the collection agency; it never changes.

    nth: 1 for the first one of the invoice. rest, costs, interest: whole coins. disputed: what of the rest was disputed
    then, and not asked for. What was asked beside the invoice (costs, interest) stands on `charge`, a document of its
    own outside VAT.
    """

    class Costs(models.TextChoices):
        NONE = "", _("none")
        FEE = "fee", _("reminder fee")
        COMPENSATION = "compensation", _("late-payment compensation")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    account = OwnedForeignKey(Account, related_name="+")
    invoice = OwnedForeignKey(Invoice, related_name="reminders")
    nth = models.PositiveSmallIntegerField(_("reminder"))
    what = models.CharField(_("what was done"), max_length=10, choices=ReminderStep.What)
    sent_on = models.DateField(_("sent"))
    currency = models.CharField(_("currency"), max_length=3)
    rest = models.BigIntegerField(_("unpaid then"))
    disputed = models.BigIntegerField(_("disputed then"), default=0, db_default=0)
    costs_kind = models.CharField(_("kind of costs"), max_length=12, choices=Costs, blank=True, default="")
    costs = models.BigIntegerField(_("costs"), default=0)
    interest = models.BigIntegerField(_("late interest"), default=0)
    charge = OwnedForeignKey(Invoice, null=True, related_name="charge_of")
    text = models.TextField(_("text"), blank=True)
    sent_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("reminder", "account", "invoice", "charge", bulk=True, referred=False),
            models.UniqueConstraint(fields=["operator", "invoice", "nth"], name="reminder_once"),
            models.CheckConstraint(
                condition=Q(charge__isnull=True, costs=0, interest=0, costs_kind="")
                | Q(charge__isnull=False, costs__gte=0, interest__gte=0),
                name="reminder_charges_on_its_document",
            ),
            models.CheckConstraint(
                condition=Q(disputed=0) | Q(what="reminder", disputed__gt=0, disputed__lt=F("rest")),
                name="reminder_asks_for_something",
            ),
        ]
        indexes = [
            models.Index(fields=["operator", "-sent_on", "-id"], name="reminder_newest"),
            models.Index(fields=["operator", "account"], name="reminder_of_account"),
            models.Index(fields=["operator", "charge"], name="reminder_by_charge", condition=Q(charge__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.invoice} ({self.nth})"
