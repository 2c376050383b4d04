"""Letters with a document: an invoice, a reminder or a host's statement by mail, and what was agreed about it."""

from datetime import timedelta

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models.host import HostStatement
from billing.models.invoice import Invoice
from billing.models.reminder import Reminder
from tenants.identifiers import new_public_id
from tenants.models import Account
from tenants.models.work import OPEN, Work
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey
from tenants.sealed_fields import Person, SealedEmailField


class MailRules(OperatorOwned):
    """How an operator mails its documents. Without a row: on nobody's asking, with the PDF, one a second."""

    on_issue = models.BooleanField(_("mail invoices when they are issued"), default=False)
    attaches_pdf = models.BooleanField(_("attach the PDF"), default=True)
    per_minute = models.PositiveSmallIntegerField(
        _("letters a minute"), default=60, validators=[MinValueValidator(1), MaxValueValidator(6000)]
    )

    #: By language: subject and text of an invoice's letter. What is not there is said in the usual words.
    texts = models.JSONField(_("your own words"), default=dict, blank=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("mail_rules", referred=False),
            models.UniqueConstraint(fields=["operator"], name="mail_rules_once"),
            models.CheckConstraint(condition=Q(per_minute__gte=1), name="mail_rules_go_on"),
        ]

    def __str__(self) -> str:
        return str(_("%(count)s letters a minute") % {"count": self.per_minute})

    @property
    def apart(self) -> timedelta:
        """The time from one letter to the next."""
        return timedelta(minutes=1) / self.per_minute


class DocumentLetter(OperatorOwned, Work):
    """One letter about an invoice or a reminder of it, or about a statement. nth: more than 1 when it was sent again.

    The address is that of the account when the letter leaves, kept from then on. handed_at: when it was about to be
    given to the mail server, written down before: whoever finds it there without `sent_at` does not know, and does not
    send it again. bounced_at: when the mail server said that it came back.
    """

    work_kind = "document_letter"

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    account = OwnedForeignKey(Account, related_name="+")
    invoice = OwnedForeignKey(Invoice, null=True, related_name="letters")
    reminder = OwnedForeignKey(Reminder, null=True, related_name="letters")
    statement = OwnedForeignKey(HostStatement, null=True, related_name="letters")
    nth = models.PositiveSmallIntegerField(default=1)
    address = SealedEmailField(_("to"), blank=True)
    handed_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(_("sent"), null=True)
    bounced_at = models.DateTimeField(_("came back"), null=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("document_letter", "account", "invoice", "reminder", "statement", bulk=True, referred=False),
            models.UniqueConstraint(
                fields=["operator", "invoice", "reminder", "statement", "nth"],
                name="document_letter_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(invoice__isnull=False, statement__isnull=True)
                | Q(invoice__isnull=True, reminder__isnull=True, statement__isnull=False),
                name="document_letter_of_one_document",
            ),
        ]
        indexes = [
            models.Index(fields=["operator", "-queued_at", "-id"], name="document_letter_newest"),
            models.Index(fields=["operator", "id"], condition=OPEN, name="document_letter_open"),
            models.Index(fields=["operator", "-leased_until"], condition=OPEN, name="document_letter_next"),
            models.Index(fields=["operator", "-sent_at"], name="document_letter_sent"),
            models.Index(fields=["operator", "account"], name="document_letter_of_account"),
        ]

    def __str__(self) -> str:
        return str(self.document)

    @property
    def log_name(self) -> str:
        """The letter in the audit log: its document as that is called there."""
        return str(getattr(self.document, "log_name", self.document))

    @property
    def document(self) -> Invoice | HostStatement:
        """What it is about."""
        found: Invoice | HostStatement = self.invoice or self.statement
        return found

    @property
    def sealed_for(self) -> Person:
        """Whose key seals the address."""
        return Person.of(self.account.driver_id, self.account_id)

    @property
    def asked_by_id(self) -> int | None:
        """Number of the person who had it sent."""
        return self.requested_by_id

    @property
    def can_be_sent_again(self) -> bool:
        """Whether it did not arrive, or nobody knows."""
        return self.bounced_at is not None or (self.sent_at is None and not self.is_open)
