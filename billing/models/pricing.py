"""The pricing of an operator's sessions as a piece of work."""

from django.db import models

from tenants.models.work import OPEN, Work
from tenants.rls import owned
from tenants.scoping import OperatorOwned


class Pricing(OperatorOwned, Work):
    """That an operator's sessions are to be priced: a few rows, which wait again whenever sessions do.

    share: which of the operator's sessions (`billing.selectors.waiting`). Each row is a worker's own.
    reached: the session up to which they are, while many are priced batch by batch.
    """

    work_kind = "pricing"
    share = models.PositiveSmallIntegerField(default=0)
    reached = models.BigIntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints = [*owned("pricing"), models.UniqueConstraint(fields=["operator", "share"], name="pricing_once")]
        indexes = [models.Index(fields=["operator", "id"], condition=OPEN, name="pricing_open")]

    def __str__(self) -> str:
        return "pricing"
