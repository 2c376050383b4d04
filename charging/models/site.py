"""Places where stations stand (OCPI: Location)."""

from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext_lazy as _

from charging.site_scope import SiteBound
from tenants.identifiers import new_public_id
from tenants.rls import owned
from tenants.scoping import OwnedForeignKey


class Site(SiteBound):
    """A place with stations. Its time zone decides which prices and which day a session has."""

    seen_through = "pk"

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=150)
    street = models.CharField(_("street"), max_length=200, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    country = models.CharField(_("country"), max_length=2, default="SE", help_text=_("ISO 3166, two letters."))
    time_zone = models.CharField(_("time zone"), max_length=50, default="Europe/Stockholm")
    phone = models.CharField(
        _("phone"), max_length=40, blank=True, help_text=_("Of somebody there: a janitor, a reception.")
    )
    latitude = models.DecimalField(_("latitude"), max_digits=9, decimal_places=6, null=True, blank=True)
    longitude = models.DecimalField(_("longitude"), max_digits=9, decimal_places=6, null=True, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    # Whether somebody without an account may start a charge here, where it costs nothing.
    guests_start = models.BooleanField(_("guests may charge"), default=False)
    # The import that met it first; null: a person added it.
    file_import = OwnedForeignKey("charging.FileImport", null=True, editable=False, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("site", "file_import"),
            models.UniqueConstraint(fields=["operator", "name"], name="site_name_once"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        """The site's time zone."""
        return ZoneInfo(self.time_zone)
