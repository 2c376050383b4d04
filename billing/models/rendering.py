"""Documents that wait to be rendered."""

from django.db import models

from billing.models.invoice import Invoice
from tenants.models.work import OPEN, Work
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey


class Rendering(OperatorOwned, Work):
    """That an issued document is to become a file; the row goes when it has."""

    work_kind = "document"

    invoice = OwnedForeignKey(Invoice, models.CASCADE, related_name="renderings")

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("rendering", "invoice"),
            models.UniqueConstraint(fields=["operator", "invoice"], name="rendering_once"),
        ]
        indexes = [
            models.Index(fields=["operator", "id"], condition=OPEN, name="rendering_open"),
            # Told on the overview, also while a month's documents wait.
            models.Index(
                fields=["operator", "id"],
                condition=models.Q(state=Work.State.SET_ASIDE.value),
                name="rendering_set_aside",
            ),
        ]

    def __str__(self) -> str:
        return str(self.invoice)
