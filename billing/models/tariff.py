"""Tariffs, their immutable versions, and who and where they apply to."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from charging.models import Site, Station
from charging.site_scope import SiteBound
from tenants.identifiers import new_public_id
from tenants.models import Account, Driver, DriverGroup
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey


class Tariff(OperatorOwned):
    """A named price list. What it says stands in its versions."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=100)
    currency = models.CharField(_("currency"), max_length=3, default="SEK")
    is_archived = models.BooleanField(_("archived"), default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("tariff"),
            models.UniqueConstraint(fields=["operator", "name"], name="tariff_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class TariffVersion(OperatorOwned):
    """One wording of a tariff as an OCPI 2.2.1 Tariff object. Once published it never changes.

    A session is priced by the newest published version whose `valid_from` is not after its start.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    tariff = OwnedForeignKey(Tariff, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    document = models.JSONField()
    document_sha256 = models.CharField(max_length=64, editable=False)
    valid_from = models.DateTimeField(_("valid from"), null=True, blank=True)
    published_at = models.DateTimeField(_("published"), null=True, editable=False)
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("tariff_version", "tariff"),
            models.UniqueConstraint(fields=["operator", "tariff", "number"], name="tariff_version_number_once"),
            models.UniqueConstraint(
                fields=["operator", "tariff"],
                condition=Q(published_at__isnull=True),
                name="tariff_version_one_draft",
            ),
            models.CheckConstraint(
                condition=Q(published_at__isnull=True) | Q(valid_from__isnull=False),
                name="tariff_version_published_has_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tariff} v{self.number}"


class TariffAssignment(SiteBound):
    """Where a tariff applies: for a driver, an account, a group, a station, a site, or (none of them) everywhere.

    The most particular one wins, who before where: `LEVELS` from its end. One for a station names its site too, so that
    it is seen by whoever sees the site.
    """

    #: What an assignment can be for, weakest first; what names none of them is for everywhere.
    LEVELS = ("site", "station", "group", "account", "driver")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    tariff = OwnedForeignKey(Tariff, related_name="assignments")
    driver = OwnedForeignKey(Driver, null=True, blank=True, related_name="tariff_assignments")
    account = OwnedForeignKey(Account, null=True, blank=True, related_name="tariff_assignments")
    group = OwnedForeignKey(DriverGroup, null=True, blank=True, related_name="tariff_assignments")
    station = OwnedForeignKey(Station, null=True, blank=True, related_name="tariff_assignments")
    site = OwnedForeignKey(Site, null=True, blank=True, related_name="tariff_assignments")
    valid_from = models.DateTimeField(_("from"))
    valid_until = models.DateTimeField(_("until"), null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("tariff_assignment", "tariff", "driver", "account", "group", "station", "site"),
            models.CheckConstraint(
                condition=Q(account__isnull=True, group__isnull=True, site__isnull=True)
                | Q(driver__isnull=True, group__isnull=True, site__isnull=True)
                | Q(driver__isnull=True, account__isnull=True, site__isnull=True)
                | Q(driver__isnull=True, account__isnull=True, group__isnull=True),
                name="tariff_assignment_one_target",
            ),
            models.CheckConstraint(
                condition=Q(station__isnull=True) | Q(site__isnull=False), name="tariff_assignment_station_with_site"
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=F("valid_from")),
                name="tariff_assignment_until_after_from",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tariff} → {self.target or '*'}"

    @property
    def level(self) -> str:
        """Which of `LEVELS` it is for; `everywhere` when it names none."""
        return next((name for name in reversed(self.LEVELS) if getattr(self, f"{name}_id")), "everywhere")

    @property
    def target(self) -> models.Model | None:
        """What it is for; None for everywhere."""
        return getattr(self, self.level, None)
