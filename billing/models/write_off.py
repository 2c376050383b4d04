"""Receivables that will not be paid, given up: a fact beside the invoice, which stays what it was.

Amounts are whole coins. A write-off neither changes nor goes; what turns out to be paid after all is undone by another
that takes it back. What is left open of the invoice the database keeps alone (`Receivable`).
"""

from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models.invoice import Invoice
from tenants.identifiers import new_public_id
from tenants.models import Account
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey


class WriteOff(OperatorOwned):
    """What is given up of an invoice, why, and on which day. One that undoes another has its amounts negated.

    parts: what it comes to by rate of VAT, `[{"rate": "25.00" or null, "net": coins, "vat": coins}, …]`; together the
    amount. `lowers_vat`: the reason made the loss certain (`LOWERS_VAT`), so VAT is taken back; else all of it is one
    part without VAT. A difference (`Why.DIFFERENCE`) is no loss: it is all that is left open, and booked as rounding.
    """

    class Why(models.TextChoices):
        BANKRUPTCY = "bankruptcy", _("the payer is bankrupt")
        ENFORCEMENT = "enforcement", _("enforcement found nothing to take")
        COMPOSITION = "composition", _("a composition or debt relief leaves it unpaid")
        BARRED = "barred", _("the claim is time-barred")
        NOT_WORTH = "not_worth", _("collecting it costs more than it is")
        WAIVED = "waived", _("it is waived")
        DIFFERENCE = "difference", _("a small difference, of less than 1.00")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    invoice = OwnedForeignKey(Invoice, related_name="write_offs")
    account = OwnedForeignKey(Account, related_name="+")
    amount = models.BigIntegerField(_("amount"))
    parts = models.JSONField(default=list)
    why = models.CharField(_("why"), max_length=12, choices=Why)
    lowers_vat = models.BooleanField(default=False)
    reason = models.CharField(_("reason"), max_length=300)
    happened_on = models.DateField(_("given up on"))
    undoes = OwnedForeignKey("billing.WriteOff", null=True, related_name="undone_by")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("write_off", "invoice", "account", "undoes"),
            models.UniqueConstraint(
                fields=["operator", "undoes"], name="write_off_undone_once", condition=Q(undoes__isnull=False)
            ),
            models.CheckConstraint(
                condition=Q(undoes__isnull=True, amount__gt=0) | Q(undoes__isnull=False, amount__lt=0),
                name="write_off_of_something",
            ),
        ]
        indexes = [
            models.Index(fields=["operator", "invoice"], name="write_off_of_invoice"),
            models.Index(fields=["operator", "account"], name="write_off_of_account"),
            models.Index(fields=["operator", "happened_on"], name="write_off_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.why}"


#: Reasons that make a loss certain, so that the VAT of it is taken back (ML 2023:200, 8 kap. 14 §).
LOWERS_VAT: Final = frozenset({WriteOff.Why.BANKRUPTCY, WriteOff.Why.ENFORCEMENT, WriteOff.Why.COMPOSITION})
