"""What a version of a tariff would have made of past months, as a piece of work and its result."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models.tariff import Tariff
from charging.models import Site
from tenants.models import DriverGroup
from tenants.models.work import OPEN, Work
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey


class PriceEffect(OperatorOwned, Work):
    """The effect of one version of a tariff: one row a tariff and purpose, which waits again whenever it is asked for.

    `document_sha256` says which version, `month` and `last_month` which months, `reach` whose sessions; `result` is a
    `billing.services.effects.Tally` as it is stored, empty until it is known.
    """

    class Purpose(models.TextChoices):
        """Before a draft is published, or because somebody wants to know."""

        PUBLISHING = "publishing", _("publishing")
        SIMULATION = "simulation", _("simulation")

    class Reach(models.TextChoices):
        """Which sessions the version would have priced."""

        ASSIGNED = "assigned", _("where the tariff applies now")
        EVERYWHERE = "everywhere", _("all of them")
        SITE = "site", _("those at a site")
        GROUP = "group", _("those in a group")

    work_kind = "price_effect"

    tariff = OwnedForeignKey(Tariff, related_name="effects")
    purpose = models.CharField(max_length=10, choices=Purpose, default=Purpose.PUBLISHING)
    document_sha256 = models.CharField(max_length=64)
    month = models.DateField()
    last_month = models.DateField()
    reach = models.CharField(max_length=10, choices=Reach, default=Reach.ASSIGNED)
    site = OwnedForeignKey(Site, models.CASCADE, null=True, related_name="+")
    group = OwnedForeignKey(DriverGroup, models.CASCADE, null=True, related_name="+")
    result = models.JSONField(default=dict, blank=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("price_effect", "tariff", "site", "group"),
            models.UniqueConstraint(fields=["operator", "tariff", "purpose"], name="price_effect_once"),
            models.CheckConstraint(condition=Q(last_month__gte=models.F("month")), name="price_effect_months"),
            models.CheckConstraint(
                condition=Q(site__isnull=True, group__isnull=True) & ~Q(reach__in=["site", "group"])
                | Q(site__isnull=False, group__isnull=True, reach="site")
                | Q(site__isnull=True, group__isnull=False, reach="group"),
                name="price_effect_reach",
            ),
        ]
        indexes = [models.Index(fields=["operator", "id"], condition=OPEN, name="price_effect_open")]

    def __str__(self) -> str:
        return f"{self.tariff} {self.month:%Y-%m}"

    @property
    def whose(self) -> str:
        """Whose sessions: the name of a site or group, or in words."""
        return str(self.site or self.group or self.get_reach_display())
