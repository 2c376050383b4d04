"""How long things are kept: an operator's rules, what may not go meanwhile, and the nights on which things went."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.identifiers import new_public_id
from tenants.models.driver import Driver
from tenants.models.work import OPEN, Work
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey
from tenants.sealed_fields import Person, SealedCharField


class RetentionRule(OperatorOwned):
    """For how many days an operator keeps one class of data; without a rule it is the portal's usual time."""

    code = models.CharField(_("what"), max_length=20)
    days = models.PositiveIntegerField(_("days"))

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("retention_rule", referred=False),
            models.UniqueConstraint(fields=["operator", "code"], name="retention_rule_once"),
        ]

    def __str__(self) -> str:
        return self.code


class LegalHold(OperatorOwned):
    """That nothing about a driver, or nothing at all, may be removed: for a claim or an authority."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    driver = OwnedForeignKey(Driver, null=True, related_name="holds")
    reason = SealedCharField(_("why"), max_length=500)
    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until"), null=True)
    made_by_id = models.BigIntegerField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [*owned("legal_hold", "driver", referred=False)]
        indexes = [models.Index(fields=["operator", "driver"], condition=models.Q(until=None), name="legal_hold_now")]

    @property
    def sealed_for(self) -> Person:
        """Whose key seals the reason; the operator's, where it holds everybody."""
        return Person.of(self.driver_id, None) if self.driver_id else Person("operator", self.operator_id)

    @property
    def log_name(self) -> str:
        """The hold in the audit log: its number, and nothing of whom it is about."""
        return f"#{self.pk}"

    def __str__(self) -> str:
        return f"hold {self.pk}"


class RetentionNight(OperatorOwned, Work):
    """One night's removal of what was kept long enough. counts: how many of each class went, so far."""

    work_kind = "retention"

    night = models.DateField()
    at = models.DateTimeField()
    counts = models.JSONField(default=dict)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("retention_night", referred=False),
            models.UniqueConstraint(fields=["operator", "night"], name="retention_night_once"),
        ]
        indexes = [models.Index(fields=["operator", "id"], condition=OPEN, name="retention_night_open")]

    def __str__(self) -> str:
        return f"{self.night:%Y-%m-%d}"
