"""Sums of invoices by run and month, kept like those of sessions by day (`billing.models.day_sum`)."""

from django.db import models

from billing.models.run import InvoiceRun
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey


class MonthSum(OperatorOwned):
    """What the documents of a month, run, kind, state and currency come to. A credit note's amounts are negative."""

    operator = models.ForeignKey(
        "tenants.Operator", models.PROTECT, related_name="+", editable=False, db_index=False, db_constraint=False
    )
    month = models.DateField()
    run = OwnedForeignKey(InvoiceRun, models.CASCADE, null=True, related_name="+")
    kind = models.CharField(max_length=12)
    state = models.CharField(max_length=8)
    currency = models.CharField(max_length=3)
    documents = models.BigIntegerField()
    sessions = models.BigIntegerField()
    energy_wh = models.BigIntegerField()
    amount_excl_vat = models.DecimalField(max_digits=20, decimal_places=2)
    vat = models.DecimalField(max_digits=20, decimal_places=2)
    amount_due = models.DecimalField(max_digits=20, decimal_places=2)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("month_sum", "run", referred=False),
            models.UniqueConstraint(
                fields=["operator", "month", "run", "kind", "state", "currency"],
                name="month_sum_once",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.kind} {self.state}: {self.documents}"


class StaleMonth(OperatorOwned):
    """A mark that the sums of a month are no longer true. Only added and taken away, as `StaleDay`."""

    operator = models.ForeignKey(
        "tenants.Operator", models.PROTECT, related_name="+", editable=False, db_index=False, db_constraint=False
    )
    month = models.DateField()

    class Meta:
        default_permissions = ()
        constraints = [*owned("stale_month", referred=False)]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"
