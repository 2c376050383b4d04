"""What a driver identifies with: RFID cards and app tokens (OCPI: Token)."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from tenants.identifiers import new_public_id
from tenants.models import Driver
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey


class Token(OperatorOwned):
    """A card or app token. Without a driver its sessions have nobody to pay for them.

    Cards move: a session is paid for by whoever had the card when it began (`charging.domain.holders`).
    """

    class Kind(models.TextChoices):
        RFID = "RFID", _("card")
        APP_USER = "APP_USER", _("app")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.RFID)
    uid = models.CharField(_("UID"), max_length=64)
    visual_number = models.CharField(_("printed number"), max_length=64, blank=True)
    # Who has it now, and since when; null: from its first session on. Who had it before: `EarlierHolder`.
    driver = OwnedForeignKey(Driver, null=True, blank=True, related_name="tokens")
    driver_since = models.DateTimeField(_("with the driver since"), null=True, blank=True)
    is_blocked = models.BooleanField(_("blocked"), default=False)
    blocked_at = models.DateTimeField(null=True, blank=True)
    # When its driver said that it is lost; None while nobody did, and once staff block it themselves.
    lost_at = models.DateTimeField(null=True, blank=True)
    # The card that this one turned out to be: what files say of either is said of that one.
    merged_into = OwnedForeignKey("self", null=True, editable=False, related_name="merged")
    # What undoing that needs (`billing.services.merging`).
    merge = models.JSONField(null=True, editable=False)
    # The import that met it first; null: a person added it.
    file_import = OwnedForeignKey("charging.FileImport", null=True, editable=False, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("token", "driver", "merged_into", "file_import"),
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
            # How a card that is held to a reader is found: stations write it in any case.
            models.Index(F("operator"), Upper("uid"), name="token_in_any_case"),
            # Few were merged, and each card's page asks which into it.
            models.Index(
                fields=["operator", "merged_into"], name="token_merged", condition=Q(merged_into__isnull=False)
            ),
        ]

    @property
    def log_name(self) -> str:
        """The card in the audit log, which cannot be erased: the end of a number, and nobody's whole card."""
        return f"…{(self.visual_number or self.uid)[-4:]}"

    def __str__(self) -> str:
        return self.visual_number or f"…{self.uid[-4:]}"


class EarlierHolder(OperatorOwned):
    """That a driver had the card for a time that is over; null `since`: from its first session on."""

    token = OwnedForeignKey(Token, models.CASCADE, related_name="earlier_holders")
    driver = OwnedForeignKey(Driver, related_name="+")
    since = models.DateTimeField(_("from"), null=True)
    until = models.DateTimeField(_("until"))

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("earlier_holder", "token", "driver", referred=False),
            models.CheckConstraint(condition=Q(until__gt=F("since")), name="earlier_holder_until_after_since"),
        ]
        indexes = [
            models.Index(fields=["operator", "token", "until"], name="earlier_holder_of_token"),
            models.Index(fields=["operator", "driver"], name="earlier_holder_by_driver"),
        ]

    def __str__(self) -> str:
        return f"{self.driver} – {self.until:%Y-%m-%d}"
