"""Disputes: what a driver or payer says is wrong with a session, a fee or an invoice."""

from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models.fee import BilledFee
from billing.models.invoice import Invoice
from charging.models import ChargingSession
from tenants.identifiers import new_public_id
from tenants.models import Account, Driver
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey
from tenants.sealed_fields import Person, SealedTextField


class Dispute(OperatorOwned):
    """One dispute, and until when it is to be answered. About a session, a fee on an invoice, or an invoice as a whole.

    account: who pays for it, and whose people see it. driver: whose session it is. text and answer are the words of
    people, sealed with the key of the driver, or else of the account. While it is open, a session that is not billed
    yet waits, and what it comes to on an issued invoice is not asked for (`Receivable.disputed`).
    """

    class About(models.TextChoices):
        NOT_MINE = "not_mine", _("it is somebody else's")
        ENERGY = "energy", _("the energy is wrong")
        PRICE = "price", _("the price is wrong")
        TWICE = "twice", _("it is charged twice")
        FAULT = "fault", _("the charging did not work")
        OTHER = "other", _("something else")

    class State(models.TextChoices):
        OPEN = "open", _("open")
        GRANTED = "granted", _("granted")
        REFUSED = "refused", _("refused")
        WITHDRAWN = "withdrawn", _("withdrawn")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    account = OwnedForeignKey(Account, related_name="disputes")
    driver = OwnedForeignKey(Driver, null=True, related_name="disputes")
    session = OwnedForeignKey(ChargingSession, null=True, related_name="disputes")
    invoice = OwnedForeignKey(Invoice, null=True, related_name="disputes")
    fee = OwnedForeignKey(BilledFee, null=True, related_name="disputes")
    about = models.CharField(_("what is wrong"), max_length=8, choices=About)
    text = SealedTextField(_("in your words"), max_length=2000)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.OPEN)
    raised_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    raised_at = models.DateTimeField(_("raised"))
    due_on = models.DateField(_("answer by"))
    answer = SealedTextField(_("answer"), max_length=2000, blank=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    closed_at = models.DateTimeField(_("answered"), null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("dispute", "account", "driver", "session", "invoice", "fee", bulk=True, referred=False),
            models.CheckConstraint(
                condition=Q(session__isnull=False, invoice__isnull=True, fee__isnull=True)
                | Q(session__isnull=True, invoice__isnull=False, fee__isnull=True)
                | Q(session__isnull=True, invoice__isnull=True, fee__isnull=False),
                name="dispute_of_one_thing",
            ),
            models.UniqueConstraint(
                fields=["operator", "session"], condition=Q(state="open"), name="dispute_of_session_once"
            ),
            models.UniqueConstraint(
                fields=["operator", "invoice"], condition=Q(state="open"), name="dispute_of_invoice_once"
            ),
            models.UniqueConstraint(fields=["operator", "fee"], condition=Q(state="open"), name="dispute_of_fee_once"),
        ]
        indexes = [
            models.Index(fields=["operator", "due_on", "id"], name="dispute_open", condition=Q(state="open")),
            models.Index(fields=["operator", "-closed_at", "-id"], name="dispute_closed"),
            models.Index(fields=["operator", "account", "-id"], name="dispute_of_account"),
            models.Index(fields=["operator", "session"], name="dispute_by_session"),
            models.Index(fields=["operator", "invoice"], name="dispute_by_invoice"),
            models.Index(fields=["operator", "fee"], name="dispute_by_fee", condition=Q(fee__isnull=False)),
            models.Index(fields=["operator", "driver", "-id"], name="dispute_of_driver"),
        ]

    @property
    def sealed_for(self) -> Person:
        """Whose key seals it."""
        return Person.of(self.driver_id, self.account_id)

    @property
    def log_name(self) -> str:
        """The dispute in the audit log: its number, and nothing of whoever raised it."""
        return f"#{self.pk}"

    def days_left(self, today: date) -> int:
        """How many days are left to answer; negative when it is late."""
        return (self.due_on - today).days

    def __str__(self) -> str:
        return str(self.get_about_display())
