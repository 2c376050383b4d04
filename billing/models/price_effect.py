"""What a tariff's draft would have made of last month, as a piece of work and its result."""

from django.db import models

from billing.models.tariff import Tariff
from tenants.models.work import OPEN, Work
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey


class PriceEffect(OperatorOwned, Work):
    """The effect of one tariff's draft: one row, which waits again whenever it is asked for.

    `document_sha256` and `month` say of which draft and month; `result` is a `billing.services.effects.Tally` as it is
    stored, empty until it is known.
    """

    work_kind = "price_effect"

    tariff = OwnedForeignKey(Tariff, related_name="effects")
    document_sha256 = models.CharField(max_length=64)
    month = models.DateField()
    result = models.JSONField(default=dict, blank=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("price_effect", "tariff"),
            models.UniqueConstraint(fields=["operator", "tariff"], name="price_effect_once"),
        ]
        indexes = [models.Index(fields=["operator", "id"], condition=OPEN, name="price_effect_open")]

    def __str__(self) -> str:
        return f"{self.tariff} {self.month:%Y-%m}"
