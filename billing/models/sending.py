"""Where an operator's e-invoices are sent, and each one's way."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.models.host import HostStatement
from billing.models.invoice import Invoice
from tenants.models.work import OPEN, Work
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey


class SendingWay(OperatorOwned):
    """On which way an operator's e-invoices leave; without a row none does.

    secret: what signs them at an address, sealed with the operator's key (`tenants.sealed_content`).
    """

    class Kind(models.TextChoices):
        FOLDER = "folder", _("a folder of this server")
        HTTPS = "https", _("an address of an access point")

    kind = models.CharField(_("way"), max_length=10, choices=Kind)
    address = models.CharField(_("address"), max_length=500, blank=True)
    secret = models.BinaryField()
    changed_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("sending_way"),
            models.UniqueConstraint(fields=["operator"], name="sending_way_once"),
        ]

    def __str__(self) -> str:
        return self.kind


class Sending(OperatorOwned, Work):
    """A document's way as an e-invoice: one row a document, so that none leaves twice.

    Of an issued invoice or credit note, or of a self-billed statement to a host.

    key: what whoever takes it knows it by. begun_at: since when it may have been handed over. reason: why it did not
    leave or was refused, a word without anything of a person. failures: how often nobody was there, one after another.
    """

    work_kind = "e_invoice"

    class Stage(models.TextChoices):
        WAITING = "waiting", _("waits")
        HELD = "held", _("held back")
        SENT = "sent", _("sent")
        ACCEPTED = "accepted", _("accepted")
        REFUSED = "refused", _("refused")

    invoice = OwnedForeignKey(Invoice, null=True, related_name="sendings")
    statement = OwnedForeignKey(HostStatement, null=True, related_name="sendings")
    key = models.UUIDField(default=uuid.uuid4, editable=False)
    stage = models.CharField(_("state"), max_length=10, choices=Stage, default=Stage.WAITING)
    reason = models.CharField(max_length=60, blank=True)
    failures = models.PositiveSmallIntegerField(default=0)
    begun_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("sending", "invoice", "statement"),
            models.UniqueConstraint(fields=["operator", "invoice"], name="sending_once"),
            models.UniqueConstraint(fields=["operator", "statement"], name="sending_of_statement_once"),
            models.CheckConstraint(
                condition=models.Q(invoice__isnull=False, statement__isnull=True)
                | models.Q(invoice__isnull=True, statement__isnull=False),
                name="sending_of_one_document",
            ),
        ]
        indexes = [
            models.Index(fields=["operator", "id"], condition=OPEN, name="sending_open"),
            models.Index(
                fields=["operator", "id"],
                condition=models.Q(state=Work.State.SET_ASIDE.value),
                name="sending_set_aside",
            ),
            models.Index(fields=["operator", "stage", "id"], name="sending_by_stage"),
        ]

    def __str__(self) -> str:
        return str(self.document)

    @property
    def document(self) -> Invoice | HostStatement:
        """What is sent."""
        found: Invoice | HostStatement = self.invoice or self.statement
        return found
