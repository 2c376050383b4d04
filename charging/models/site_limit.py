"""The power that a site may draw, shared over its stations."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from charging.models.site import Site
from charging.site_scope import SiteBound
from tenants.rls import owned
from tenants.scoping import OwnedForeignKey


class SiteLimit(SiteBound):
    """At most so much at a site that has one. Each station's share is a command: `charging.services.site_limits`."""

    seen_through = "site"

    class Unit(models.TextChoices):
        AMPERE = "A", _("A per phase")
        WATT = "W", _("W")

    site = OwnedForeignKey(Site, models.CASCADE, related_name="limits")
    limit = models.DecimalField(_("at most"), max_digits=8, decimal_places=1)
    unit = models.CharField(_("unit"), max_length=1, choices=Unit, default=Unit.AMPERE)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("site_limit", "site", referred=False),
            models.UniqueConstraint(fields=["operator", "site"], name="site_limit_once"),
            models.CheckConstraint(condition=Q(limit__gt=0), name="site_limit_positive"),
        ]

    def __str__(self) -> str:
        return str(self.site)
