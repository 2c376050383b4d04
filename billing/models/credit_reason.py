"""Why invoices are credited, as the operator says it: its own list, in the languages of its documents."""

from django.db import models
from django.db.models import Q

from tenants.rls import owned
from tenants.scoping import OperatorOwned


class CreditReason(OperatorOwned):
    """One reason of the list. An operator without any has the usual ones (`billing.selectors.credit_reasons`)."""

    position = models.PositiveSmallIntegerField()
    swedish = models.CharField(max_length=100, blank=True)
    english = models.CharField(max_length=100, blank=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("credit_reason", referred=False),
            models.UniqueConstraint(fields=["operator", "position"], name="credit_reason_once"),
            models.CheckConstraint(condition=~Q(swedish="", english=""), name="credit_reason_says_something"),
        ]

    def __str__(self) -> str:
        return self.swedish or self.english
