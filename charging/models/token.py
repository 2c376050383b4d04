"""What a driver identifies with: RFID cards and app tokens (OCPI: Token)."""

from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from tenants.identifiers import new_public_id
from tenants.models import Driver
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey


class Token(OperatorOwned):
    """A card or app token. Without a driver its sessions have nobody to pay for them."""

    class Kind(models.TextChoices):
        RFID = "RFID", _("card")
        APP_USER = "APP_USER", _("app")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.RFID)
    uid = models.CharField(_("UID"), max_length=64)
    visual_number = models.CharField(_("printed number"), max_length=64, blank=True)
    driver = OwnedForeignKey(Driver, null=True, blank=True, related_name="tokens")
    is_blocked = models.BooleanField(_("blocked"), default=False)
    blocked_at = models.DateTimeField(null=True, blank=True)
    # When its driver said that it is lost; None while nobody did, and once staff block it themselves.
    lost_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("token", "driver"),
            models.UniqueConstraint(fields=["operator", "uid"], name="token_uid_once"),
        ]
        indexes = [
            # The cards of a driver, and the list: those without a driver first, then the newest.
            models.Index(
                F("operator"),
                F("driver").asc(nulls_first=True),
                F("created_at").desc(),
                F("id").desc(),
                name="token_listed",
            ),
        ]

    @property
    def log_name(self) -> str:
        """The card in the audit log, which cannot be erased: the end of a number, and nobody's whole card."""
        return f"…{(self.visual_number or self.uid)[-4:]}"

    def __str__(self) -> str:
        return self.visual_number or f"…{self.uid[-4:]}"
