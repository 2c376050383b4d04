"""Sums of sessions by day, kept so that totals, charts and rare sessions need not be looked for among millions.

They are a reading aid and never the truth: whatever changes what a day comes to marks the day as stale in the same
transaction (triggers on sessions, prices, the ledger, invoices and the operator's clock), readers take stale days
from the sessions themselves (`billing.selectors.day_sums`), and a task counts them anew (`billing.services.day_sums`).
"""

from django.db import models

from charging.models import Site
from charging.site_scope import SiteBound
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey


class DaySum(SiteBound):
    """What the sessions of a site that began on one day and ended on another come to, by their `BillingStatus`.

    Days are by the operator's clock; `ended_on` is null while sessions last. Energy in Wh; amounts with six decimals,
    zero where there is no price. is_past: they are kept no longer one by one (`PastHour`), so that no list finds them.
    """

    operator = models.ForeignKey(
        "tenants.Operator", models.PROTECT, related_name="+", editable=False, db_index=False, db_constraint=False
    )
    site = OwnedForeignKey(Site, related_name="+")
    started_on = models.DateField()
    ended_on = models.DateField(null=True)
    status = models.CharField(max_length=16)
    problem = models.CharField(max_length=40, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    is_past = models.BooleanField(default=False)
    sessions = models.BigIntegerField()
    energy_wh = models.BigIntegerField()
    duration_s = models.BigIntegerField()
    amount_excl_vat = models.DecimalField(max_digits=24, decimal_places=6)
    amount_incl_vat = models.DecimalField(max_digits=24, decimal_places=6)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("day_sum", "site", bulk=True, referred=False),
            models.UniqueConstraint(
                fields=["operator", "started_on", "site", "ended_on", "status", "problem", "currency", "is_past"],
                name="day_sum_once",
                nulls_distinct=False,
            ),
        ]
        indexes = [
            models.Index(fields=["operator", "ended_on"], name="day_sum_ended"),
            models.Index(fields=["site", "started_on"], name="day_sum_of_site"),
            models.Index(fields=["operator", "status", "-started_on"], name="day_sum_of_status"),
        ]

    def __str__(self) -> str:
        return f"{self.started_on} {self.status}: {self.sessions}"


class StaleDay(OperatorOwned):
    """A mark that the sums of a day are no longer true; without a day, none of the operator's is.

    Marks are only added and taken away, never found and changed, so that no two writers wait for each other.
    """

    operator = models.ForeignKey(
        "tenants.Operator", models.PROTECT, related_name="+", editable=False, db_index=False, db_constraint=False
    )
    started_on = models.DateField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [*owned("stale_day", referred=False)]

    def __str__(self) -> str:
        return f"{self.started_on or '*'}"
