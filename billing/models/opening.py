"""That whoever pays has opened an invoice or a credit note."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.models.invoice import Invoice
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey


class DocumentOpening(OperatorOwned):
    """When the driver or payer took the PDF first on their own pages. Once a document; by whom is in the log."""

    invoice = OwnedForeignKey(Invoice, models.CASCADE, related_name="openings")
    opened_at = models.DateTimeField(_("first opened"))

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("document_opening", "invoice", referred=False),
            models.UniqueConstraint(fields=["operator", "invoice"], name="document_opening_once"),
        ]

    def __str__(self) -> str:
        return str(self.invoice)
