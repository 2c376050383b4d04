"""What a driver identifies with: RFID cards and app tokens (OCPI: Token)."""

from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from charging.domain import card_numbers
from charging.domain.card_numbers import spelled
from charging.domain.ocpp import admission
from tenants import blind_index, crypto
from tenants.blind_index import MarkField
from tenants.identifiers import new_public_id
from tenants.models import Account, Driver
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey
from tenants.sealed_fields import Person, Sealed, SealedCharField


class Token(OperatorOwned):
    """A card or app token. Without a driver its sessions have nobody to pay for them.

    One that a roaming partner has issued is paid for by the partner, and nobody here holds it. Its UID is the
    partner's: the operator, or another partner, may have one of the same. Which of them is meant is said by
    `charging.selectors.tokens.meant` and `charging.domain.ocpp.admission.CARD` (decision 91).

    Cards move: a session is paid for by whoever had the card when it began (`charging.domain.holders`).
    """

    class Kind(models.TextChoices):
        RFID = "RFID", _("card")
        APP_USER = "APP_USER", _("app")

    class Whitelist(models.TextChoices):
        """Whether the partner is asked before its card is let in."""

        ALWAYS = admission.Whitelist.ALWAYS, _("no: what it has told us decides")
        ALLOWED = admission.Whitelist.ALLOWED, _("only about a card that is not valid")
        ALLOWED_OFFLINE = admission.Whitelist.ALLOWED_OFFLINE, _("yes; a valid card is let in if it does not answer")
        NEVER = admission.Whitelist.NEVER, _("yes; without its answer nobody is let in")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.RFID)
    # Sealed with the key of the driver who has the card, or the operator's while nobody has it: `services.tokens.keep`.
    uid = SealedCharField(_("UID"), max_length=64)
    # By which it is found however it is written, and the one of its very signs, which stands for one card.
    uid_mark = MarkField(max_length=card_numbers.LENGTH, editable=False)
    uid_exact = MarkField(max_length=card_numbers.LENGTH, editable=False)
    visual_number = SealedCharField(_("printed number"), max_length=64, blank=True)
    # By which it is found (`charging.selectors.numbers`); empty where the card has none.
    number_mark = MarkField(max_length=64, blank=True, editable=False)
    # The partner that issued it; null: the operator itself.
    issuer = OwnedForeignKey(Account, null=True, blank=True, related_name="cards")
    whitelist = models.CharField(
        _("the partner is asked"), max_length=15, choices=Whitelist, blank=True, default="", db_default=""
    )
    # What the partner has told us of it.
    is_valid = models.BooleanField(_("valid"), default=True, db_default=True)
    # Another partner's card of the same UID is meant.
    is_set_aside = models.BooleanField(_("another partner's card is meant"), default=False, db_default=False)
    # Who has it now, and since when; null: from its first session on. Who had it before: `EarlierHolder`.
    driver = OwnedForeignKey(Driver, null=True, blank=True, related_name="tokens")
    driver_since = models.DateTimeField(_("with the driver since"), null=True, blank=True)
    is_blocked = models.BooleanField(_("blocked"), default=False)
    blocked_at = models.DateTimeField(null=True, blank=True)
    # When it was blocked before: pairs of instants, in order of time. Nobody pays a fee for it then.
    blocked_before = models.JSONField(default=list, db_default=[], editable=False)
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
            *owned("token", "driver", "merged_into", "file_import", "issuer"),
            models.UniqueConstraint(
                fields=["operator", "uid_exact"], condition=Q(issuer__isnull=True), name="token_uid_once"
            ),
            # OCPI compares UIDs without their case.
            models.UniqueConstraint(
                fields=["operator", "issuer", "uid_mark"],
                condition=Q(issuer__isnull=False) & ~Q(uid_mark=""),
                name="token_of_partner_once",
            ),
            models.CheckConstraint(
                condition=Q(issuer__isnull=True, whitelist="", is_valid=True, is_set_aside=False)
                | (Q(issuer__isnull=False, driver__isnull=True) & ~Q(whitelist="")),
                name="token_of_partner_is_nobodys",
            ),
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
            models.Index(fields=["operator", "uid_mark"], name="token_by_uid"),
            # How a printed number is found; most cards of a file have none.
            models.Index(fields=["operator", "number_mark"], name="token_numbered", condition=~Q(number_mark="")),
            # Few were merged, and each card's page asks which into it.
            models.Index(
                fields=["operator", "merged_into"], name="token_merged", condition=Q(merged_into__isnull=False)
            ),
        ]

    @property
    def sealed_for(self) -> Person:
        """Whose the numbers are."""
        return self.whose(self.driver_id, self.public_id)

    @staticmethod
    def whose(driver_id: int | None, public_id: UUID) -> Person:
        """Whose the numbers of a card are: of the driver who has it, or of the card alone while nobody has."""
        return Person("card", public_id.int) if driver_id is None else Person("driver", driver_id)

    def marked(self, name: str) -> str | None:
        """The mark of the UID or the printed number; None where that is as it was read."""
        text = self.__dict__.get("visual_number" if name == "number_mark" else "uid")
        if text is None or isinstance(text, Sealed):
            return None
        of = {"number_mark": self.marks, "uid_mark": self.uid_marks, "uid_exact": self.exact_marks}[name]
        return of(text, self.operator_id)[0] if text else ""

    @staticmethod
    def marks(number: str, operator_id: int) -> list[str]:
        """What a printed number may be found by, however it is written."""
        return blind_index.marks(spelled(number), field="charging_token.visual_number", operator_id=operator_id)

    @staticmethod
    def uid_marks(uid: str, operator_id: int) -> list[str]:
        """What a UID may be found by, however it is written."""
        return card_numbers.uid_marks(uid, operator_id, crypto.card_keys())

    @staticmethod
    def exact_marks(uid: str, operator_id: int) -> list[str]:
        """What a UID of exactly these signs may be found by."""
        return card_numbers.exact_marks(uid, operator_id, crypto.card_keys())

    @property
    def log_name(self) -> str:
        """The card in the audit log, which cannot be erased: a part of a number, and nobody's whole card."""
        return f"…{self.visual_number[-4:]}" if self.visual_number else self.masked_uid

    @property
    def masked_uid(self) -> str:
        """The UID as it is shown where the whole is not needed."""
        return card_numbers.masked(self.uid)

    def __str__(self) -> str:
        return self.visual_number or self.masked_uid


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
