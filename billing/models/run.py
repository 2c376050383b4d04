"""Invoice runs: one month of all accounts, worked off in chunks that may be repeated."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.identifiers import new_public_id
from tenants.models import Account
from tenants.models.work import OPEN, Work
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey


class InvoiceRun(OperatorOwned):
    """One pass over all accounts of an operator for one calendar month.

    Bills every closed session that ended before `until` and stands on no invoice yet: a session
    that arrived too late for its month is billed by the next run. `since` is the end of the oldest
    such session when the run was planned, so that a chunk need not read years of billed ones.
    """

    class State(models.TextChoices):
        RUNNING = "running", _("drafting")
        READY = "ready", _("ready to issue")
        ISSUED = "issued", _("issued")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    month = models.DateField(_("month"), help_text=_("First day of the billed month."))
    until = models.DateTimeField(help_text="End of the month in the operator's zone.")
    since = models.DateTimeField(null=True)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.RUNNING)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    issued_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    sessions_total = models.BigIntegerField(default=0)
    sessions_done = models.BigIntegerField(default=0)
    started_at = models.DateTimeField()
    drafted_at = models.DateTimeField(null=True)
    issued_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("run"),
            models.UniqueConstraint(fields=["operator", "month"], name="run_month_once"),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class RunChunk(OperatorOwned, Work):
    """A range of accounts billed in one transaction. The lock on its row keeps two workers apart."""

    work_kind = "run_part"

    run = OwnedForeignKey(InvoiceRun, models.CASCADE, related_name="chunks")
    first_account_id = models.BigIntegerField()
    last_account_id = models.BigIntegerField()
    sessions = models.BigIntegerField(default=0, help_text="How many were waiting when the run was planned.")
    #: Whose names the drafts say, by their ids: `sites` and `stations` side by side, each pair once, and `versions` of
    #: tariffs. Null where nothing was drafted.
    sites = ArrayField(models.BigIntegerField(), null=True)
    stations = ArrayField(models.BigIntegerField(), null=True)
    versions = ArrayField(models.BigIntegerField(), null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("run_chunk", "run"),
            models.UniqueConstraint(fields=["operator", "run", "first_account_id"], name="run_chunk_once"),
        ]
        indexes = [models.Index(fields=["operator", "id"], condition=OPEN, name="run_chunk_open")]

    def __str__(self) -> str:
        return f"{self.first_account_id}–{self.last_account_id}"

    @property
    def asked_by_id(self) -> int | None:
        """Number of the person who started the run."""
        started_by_id: int | None = self.run.started_by_id
        return started_by_id


class RunProblem(OperatorOwned):
    """Why a run did not bill an account, so that nobody else has to wait."""

    run = OwnedForeignKey(InvoiceRun, models.CASCADE, related_name="problems")
    account = OwnedForeignKey(Account, related_name="+")
    code = models.CharField(max_length=40)
    facts = models.JSONField(default=dict)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("run_problem", "run", "account"),
            models.UniqueConstraint(fields=["operator", "run", "account"], name="run_problem_once"),
        ]

    def __str__(self) -> str:
        return self.code


class RunRemark(OperatorOwned):
    """A draft that is odd beside what its customer usually pays. Made once the run is drafted, the oddest ones only.

    usual: the mean of the customer's last invoices; None when there are none. off_by: how far the draft is from it.
    Of who got nothing the invoice is the last one they got. That sessions of a draft were moved to another payer, or
    may be priced by another tariff or have the VAT of another country, is noted as it happens.
    """

    class Code(models.TextChoices):
        MORE = "more", _("much more than usual")
        LESS = "less", _("much less than usual")
        FIRST = "first", _("a first invoice, and a large one")
        NOTHING = "nothing", _("no invoice this time")
        MOVED = "moved", _("sessions moved to another payer")
        PRICED = "priced", _("another tariff was assigned")
        COUNTRY = "country", _("a country was corrected")

    #: What is noted as it happens, and judged when the run is looked at.
    NOTED = (Code.MOVED, Code.PRICED, Code.COUNTRY)

    run = OwnedForeignKey(InvoiceRun, models.CASCADE, related_name="remarks")
    invoice = OwnedForeignKey("billing.Invoice", models.CASCADE, related_name="remarks")
    code = models.CharField(max_length=8, choices=Code)
    usual = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    off_by = models.DecimalField(max_digits=14, decimal_places=2)

    class Meta:
        default_permissions = ()
        constraints = [*owned("run_remark", "run", "invoice", referred=False)]
        indexes = [models.Index(fields=["operator", "run", "-off_by"], name="run_remark_oddest")]

    def __str__(self) -> str:
        return self.code
