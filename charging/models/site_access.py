"""Which sites a member of staff works for, when their place is limited to some."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from charging.models.site import Site
from charging.site_scope import SiteBound
from tenants.rls import owned
from tenants.scoping import OwnedForeignKey


class SiteAccess(SiteBound):
    """One site of one limited member of staff. It means something only while a place of theirs is limited."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="site_access")
    site = OwnedForeignKey(Site, related_name="access")

    class Meta:
        default_permissions = ()
        verbose_name = _("site of a member")
        constraints = [
            *owned("site_access", "site"),
            models.UniqueConstraint(fields=["operator", "user", "site"], name="site_access_once"),
        ]

    def __str__(self) -> str:
        return f"site {self.site_id} of person {self.user_id}"
