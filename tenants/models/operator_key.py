"""The keys of operators, wrapped."""

from django.db import models
from django.utils import timezone

from tenants.rls import owned
from tenants.scoping import OperatorOwned


class OperatorKey(OperatorOwned):
    """A key that seals an operator's files, wrapped by the instance's key, which no database holds.

    The one with the highest number seals; the others open what they sealed.
    """

    number = models.PositiveIntegerField()
    wrapped = models.BinaryField()
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("operator_key"),
            models.UniqueConstraint(fields=["operator", "number"], name="operator_key_once"),
        ]

    def __str__(self) -> str:
        return f"key {self.number} of operator {self.operator_id}"
