"""What somebody should look at of how cards are used: cards that are guessed, copied or shared."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from charging.domain.journeys import Oddity
from charging.models.site import Site
from charging.models.station import Station
from charging.models.token import Token
from charging.site_scope import SiteBound
from tenants.identifiers import new_public_id
from tenants.models import Driver
from tenants.rls import owned
from tenants.scoping import OwnedForeignKey


class CardNotice(SiteBound):
    """Something odd: one row of each kind a card, or a station where no card is known, until somebody has seen it."""

    seen_through = "station"

    class Kind(models.TextChoices):
        GUESSING = Oddity.GUESSING, _("cards are guessed")
        TWO_PLACES = Oddity.TWO_PLACES, _("in two places at once")
        TOO_FAST = Oddity.TOO_FAST, _("faster than any car")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    kind = models.CharField(_("what is odd"), max_length=20, choices=Kind)
    station = OwnedForeignKey(Station, models.CASCADE, related_name="+")
    token = OwnedForeignKey(Token, models.CASCADE, null=True, related_name="+")
    # Whose card it was then.
    driver = OwnedForeignKey(Driver, models.CASCADE, null=True, related_name="+")
    # Where else the card was.
    other_site = OwnedForeignKey(Site, models.CASCADE, null=True, related_name="+")
    # How many unknown cards were tried; how many minutes and km are between the two places, where that is known.
    cards = models.PositiveIntegerField(null=True)
    minutes = models.PositiveIntegerField(null=True)
    km = models.PositiveIntegerField(null=True)
    since = models.DateTimeField(_("first time"))
    at = models.DateTimeField(_("last time"))
    times = models.PositiveIntegerField(_("times"), default=1)
    seen_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    seen_at = models.DateTimeField(_("seen"), null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("card_notice", "station", "token", "driver", "other_site", referred=False),
            models.UniqueConstraint(
                fields=["operator", "kind", "token"],
                name="card_notice_of_card_once",
                condition=Q(seen_at__isnull=True, token__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["operator", "kind", "station"],
                name="card_notice_of_station_once",
                condition=Q(seen_at__isnull=True, token__isnull=True),
            ),
        ]
        indexes = [models.Index(fields=["operator", "-at", "-id"], name="card_notice_newest")]

    def __str__(self) -> str:
        return self.get_kind_display()
