"""Re-rating: billed sessions priced again by what is right now, credited and billed anew."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.models.invoice import Invoice
from tenants.identifiers import new_public_id
from tenants.models import Account
from tenants.models.work import OPEN, Work
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey


class Rerating(OperatorOwned, Work):
    """One re-rating: which billed sessions, and why. First everything is worked out and undone again, then decided.

    `since` and `until`: the days, by the operator's clock, on which the sessions ended. `sites` and `accounts`: their
    ids; empty for all.
    """

    work_kind = "rerating"

    class Why(models.TextChoices):
        TARIFF = "tariff", _("the tariff was wrong")
        METER = "meter", _("values of the meter were corrected")
        AGREEMENT = "agreement", _("something else was agreed")

    class Stage(models.TextChoices):
        PREVIEW = "preview", _("being worked out")
        READY = "ready", _("ready to decide")
        CARRIED_OUT = "carried_out", _("being carried out")
        FINISHED = "finished", _("finished")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    why = models.CharField(_("why"), max_length=10, choices=Why)
    reason = models.CharField(_("reason"), max_length=300)
    since = models.DateField(_("from"))
    until = models.DateField(_("to"))
    sites = ArrayField(models.BigIntegerField(), default=list, blank=True)
    accounts = ArrayField(models.BigIntegerField(), default=list, blank=True)
    stage = models.CharField(_("state"), max_length=12, choices=Stage, default=Stage.PREVIEW)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    requested_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [*owned("rerating")]
        indexes = [
            models.Index(fields=["operator", "id"], condition=OPEN, name="rerating_open"),
            models.Index(fields=["operator", "-requested_at"], name="rerating_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.since} – {self.until}"

    @property
    def asked_by_id(self) -> int | None:
        """Number of the person who asked for it."""
        person: int | None = self.requested_by_id
        return person


class RerateItem(OperatorOwned):
    """One invoice within a re-rating: which of its sessions change, and what is credited and billed anew, with VAT.

    differences: what each of the sessions comes to more with VAT, before what is taken off; in their order.
    said: a hash of all that the new lines say, as other ones can come to the same.

    facts: of one that is refused, why; else, where others than its payer are billed anew,
    `{"payers": {account: {"billed": amount, "sessions": how many}}}`.

    The lock on its row keeps two workers apart; it is done in the transaction that makes its documents.
    """

    class State(models.TextChoices):
        PLANNED = "planned", _("not worked out yet")
        SAME = "same", _("nothing changes")
        CHANGES = "changes", _("changes")
        DONE = "done", _("done")
        REFUSED = "refused", _("cannot be done")

    rerating = OwnedForeignKey(Rerating, models.CASCADE, related_name="items")
    invoice = OwnedForeignKey(Invoice, related_name="+")
    account = OwnedForeignKey(Account, related_name="+")
    sessions = ArrayField(models.BigIntegerField(), default=list)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.PLANNED)
    currency = models.CharField(max_length=3)
    credited = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    billed = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    differences = ArrayField(models.DecimalField(max_digits=14, decimal_places=2), default=list)
    said = models.CharField(max_length=64, blank=True)
    documents = ArrayField(models.BigIntegerField(), default=list)
    code = models.CharField(max_length=40, blank=True)
    facts = models.JSONField(default=dict, blank=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("rerate_item", "rerating", "invoice", "account", referred=False),
            models.UniqueConstraint(fields=["operator", "invoice", "rerating"], name="rerate_item_once"),
        ]
        indexes = [
            models.Index(fields=["operator", "rerating", "state", "id"], name="rerate_item_by_state"),
            models.Index(fields=["operator", "rerating", "account"], name="rerate_item_of_account"),
        ]

    def __str__(self) -> str:
        return str(self.invoice)
