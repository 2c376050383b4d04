"""What is left of sessions that are kept no longer: sums by site and hour, which nothing leads back from."""

from django.db import models
from django.db.models import Q

from charging.models import Site
from charging.site_scope import SiteBound
from tenants.rls import owned
from tenants.scoping import OwnedForeignKey


class PastHour(SiteBound):
    """What the sessions came to that began at a site within one hour, and that are kept no longer one by one.

    began: when the hour did, by the operator's clock at the time; the day on which they ended is by it too. status is
    the `BillingStatus` at which they ended, one that is settled. Energy in Wh; amounts with six decimals. No row says
    which session, card, driver or message it is from, nor when it was written; more of the same hour is added to it.
    """

    operator = models.ForeignKey(
        "tenants.Operator", models.PROTECT, related_name="+", editable=False, db_index=False, db_constraint=False
    )
    site = OwnedForeignKey(Site, related_name="+")
    began = models.DateTimeField()
    ended_on = models.DateField()
    status = models.CharField(max_length=16)
    currency = models.CharField(max_length=3, blank=True)
    sessions = models.BigIntegerField()
    energy_wh = models.BigIntegerField()
    duration_s = models.BigIntegerField()
    amount_excl_vat = models.DecimalField(max_digits=24, decimal_places=6)
    amount_incl_vat = models.DecimalField(max_digits=24, decimal_places=6)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("past_hour", "site", bulk=True, referred=False),
            models.UniqueConstraint(
                fields=["operator", "began", "site", "ended_on", "status", "currency"], name="past_hour_once"
            ),
            models.CheckConstraint(condition=Q(sessions__gt=0), name="past_hour_holds_sessions"),
        ]
        indexes = [models.Index(fields=["site", "began"], name="past_hour_of_site")]

    def __str__(self) -> str:
        return f"{self.began}: {self.sessions}"
