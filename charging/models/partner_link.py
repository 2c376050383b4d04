"""Where a roaming partner is asked whether its card may charge, and how it answers."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from charging.models.said import STATIONS, SaidCharField
from tenants.models import Account
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey

LONGEST_ADDRESS, LONGEST_TOKEN = 500, 255


class PartnerLink(OperatorOwned):
    """One of a partner. Its token is sealed with the keys of cards, as the gateway is who asks."""

    class Failure(models.TextChoices):
        """Why there was no answer. Written by the gateway."""

        TIMEOUT = "timeout", _("it did not answer in time")
        BUSY = "busy", _("too many questions waited for it at once")
        NO_ANSWER = "no_answer", _("nobody answers there")
        UNKNOWN_NAME = "unknown_name", _("the name of the address is not known")
        NOT_PUBLIC = "not_public", _("the address is no public one")
        CERTIFICATE = "certificate", _("its certificate is not believed")
        UNREADABLE = "unreadable", _("what it answered is no answer")

    account = OwnedForeignKey(Account, models.CASCADE, related_name="+")
    address = models.CharField(_("address"), max_length=LONGEST_ADDRESS)
    token = SaidCharField(_("token"), max_length=LONGEST_TOKEN)
    answered_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=12, choices=Failure, blank=True, default="")
    # Since it last answered.
    failures = models.PositiveIntegerField(default=0)

    #: Whose the token is: nobody's, as of all that the gateway opens.
    sealed_for = STATIONS

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("partner_link", "account", referred=False),
            models.UniqueConstraint(fields=["operator", "account"], name="partner_link_once"),
        ]

    @property
    def is_failing(self) -> bool:
        """Whether the last question had no answer."""
        return self.failures > 0

    def __str__(self) -> str:
        return str(self.account)
