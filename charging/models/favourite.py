"""Sites that a driver wants to find first."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from charging.models.site import Site
from tenants.models import Driver
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey


class Favourite(OperatorOwned):
    """One site of one driver's. It is the driver's own, and shown to nobody else."""

    driver = OwnedForeignKey(Driver, models.CASCADE, related_name="+")
    site = OwnedForeignKey(Site, models.CASCADE, related_name="+")
    created_at = models.DateTimeField(_("chosen"), auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("favourite", "driver", "site", referred=False),
            models.UniqueConstraint(fields=["operator", "driver", "site"], name="favourite_once"),
        ]

    def __str__(self) -> str:
        return f"site {self.site_id}"
