"""The VAT numbers that an operator has abroad, where it charges a country's VAT."""

from django.db import models

from tenants.rls import owned
from tenants.scoping import OperatorOwned


class SellerNumber(OperatorOwned):
    """The operator's VAT number in one country other than its own (`Operator.vat_number`).

    An issued document keeps those it needs with its seller, so that another number changes none.
    """

    country = models.CharField(max_length=2)
    vat_number = models.CharField(max_length=20)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("seller_number", referred=False),
            models.UniqueConstraint(fields=["operator", "country"], name="seller_number_once"),
        ]

    def __str__(self) -> str:
        return self.vat_number
