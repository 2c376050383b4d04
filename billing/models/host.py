"""Site hosts: who owns the site where stations stand, what they are to get, and the statements that say it monthly."""

from datetime import date, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _

from charging.models import ChargingSession, Site
from charging.site_scope import SiteBound
from tenants.identifiers import new_public_id
from tenants.models import Account, DriverIdentity
from tenants.models.work import OPEN, Work
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey
from tenants.sealed_fields import Person, SealedTextField


class HostContract(OperatorOwned):
    """What an account gets for hosting stations at its sites, from `since` to `until`; null: it goes on.

    A month comes to `share` per cent of what was billed there without VAT, `kwh_price` for each kWh, and `rent`, less
    `fee`, both of a whole month and shared by days; at least `floor`, likewise; null: it may be below zero
    (`billing.domain.hosting`). What is owed below `least_payout` is carried over while the contract goes on. VAT is the
    standard rate of `vat_country` in the month of the statement, or else `vat_rate` (null: the host charges none).

    Once a statement is closed, only the end may change. `is_self_billed`: the operator writes the host's invoices, as
    agreed on `agreed_on`; the host has `objection_days` to object, after which silence is consent (null: it is not).
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    account = OwnedForeignKey(Account, related_name="host_contracts")
    name = models.CharField(_("name of the contract"), max_length=100)
    since = models.DateField(_("from"))
    until = models.DateField(_("to"), null=True, blank=True)
    share = models.DecimalField(
        _("share, %"),
        max_digits=5,
        decimal_places=2,
        default=0,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )
    kwh_price = models.DecimalField(_("for each kWh"), max_digits=8, decimal_places=4, default=0)
    rent = models.DecimalField(_("fixed amount a month"), max_digits=10, decimal_places=2, default=0)
    fee = models.DecimalField(_("deduction a month"), max_digits=10, decimal_places=2, default=0)
    floor = models.DecimalField(_("at least, a month"), max_digits=10, decimal_places=2, null=True, blank=True)
    least_payout = models.DecimalField(_("smallest payout"), max_digits=10, decimal_places=2, default=0)
    currency = models.CharField(_("currency"), max_length=3)
    vat_country = models.CharField(max_length=2, blank=True)
    vat_rate = models.DecimalField(_("VAT rate"), max_digits=5, decimal_places=2, null=True, blank=True)
    is_self_billed = models.BooleanField(_("self-billed"), default=False)
    agreed_on = models.DateField(_("self-billing agreed on"), null=True, blank=True)
    objection_days = models.PositiveSmallIntegerField(_("days to object"), null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("host_contract", "account"),
            models.CheckConstraint(condition=Q(until__gte=F("since")), name="host_contract_until_not_before_since"),
            models.CheckConstraint(
                condition=Q(share__gte=0, kwh_price__gte=0, rent__gte=0, fee__gte=0, least_payout__gte=0)
                & (Q(floor__isnull=True) | Q(floor__gte=0)),
                name="host_contract_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(share__gt=0) | Q(kwh_price__gt=0) | Q(rent__gt=0) | Q(floor__gt=0),
                name="host_contract_gives_something",
            ),
            models.CheckConstraint(condition=Q(share__lte=100), name="host_contract_share_of_a_whole"),
            models.CheckConstraint(
                condition=Q(vat_country="") | Q(vat_rate__isnull=True), name="host_contract_one_source_of_its_rate"
            ),
            models.CheckConstraint(
                condition=Q(is_self_billed=False) | Q(agreed_on__isnull=False), name="host_contract_self_billing_agreed"
            ),
        ]
        indexes = [
            models.Index(fields=["operator", "account"], name="host_contract_of_account"),
            models.Index(fields=["operator", "-since", "-id"], name="host_contract_newest"),
        ]

    def __str__(self) -> str:
        return self.name

    def has_ended(self, day: date) -> bool:
        """Whether that day is its last one, or later."""
        return self.until is not None and self.until <= day

    def is_self_billed_on(self, day: date) -> bool:
        """Whether what is written on that day is the host's invoice: it was agreed by then."""
        return self.is_self_billed and self.agreed_on is not None and self.agreed_on <= day

    def silent_after(self, day: date) -> date | None:
        """The last day to object to what was closed on a day; None where silence is no consent."""
        if not self.is_self_billed or self.objection_days is None:
            return None
        return day + timedelta(days=self.objection_days)


class HostSite(SiteBound):
    """That a contract is about a site, on the contract's days, which stand here so that no two meet at one site."""

    contract = OwnedForeignKey(HostContract, models.CASCADE, related_name="sites")
    site = OwnedForeignKey(Site, related_name="host_contracts")
    since = models.DateField()
    until = models.DateField(null=True)

    class Meta:
        default_permissions = ()
        constraints: ClassVar[list[Any]] = [
            *owned("host_site", "contract", "site", referred=False),
            models.UniqueConstraint(fields=["operator", "contract", "site"], name="host_site_once"),
            ExclusionConstraint(
                name="host_site_one_contract_a_day",
                expressions=[
                    (Func(F("site_id"), F("site_id"), Value("[]"), function="int8range"), "&&"),
                    (Func(F("since"), F("until"), Value("[]"), function="daterange"), "&&"),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contract}: {self.site_id}"


class Settlement(OperatorOwned, Work):
    """One month of all hosts: worked out in the background, looked at, closed. One is open at a time, in order."""

    work_kind = "settlement"

    class Stage(models.TextChoices):
        DRAFTING = "drafting", _("working it out")
        READY = "ready", _("ready to close")
        CLOSED = "closed", _("closed")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    month = models.DateField(_("month"))
    stage = models.CharField(_("state"), max_length=8, choices=Stage, default=Stage.DRAFTING)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    requested_at = models.DateTimeField()
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    closed_at = models.DateTimeField(_("closed"), null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("settlement"),
            models.UniqueConstraint(fields=["operator", "month"], name="settlement_month_once"),
            models.UniqueConstraint(fields=["operator"], condition=~Q(stage="closed"), name="settlement_one_open"),
        ]
        indexes = [models.Index(fields=["operator", "id"], condition=OPEN, name="settlement_open")]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"

    @property
    def asked_by_id(self) -> int | None:
        """Number of the person who asked for it."""
        person: int | None = self.requested_by_id
        return person


class HostStatement(OperatorOwned):
    """What a host is owed for a month, and for what became known of earlier ones since. Closed, it never changes.

    sessions, energy_wh, net, amount: the sums of its months, and of its lines. carried_in + amount + set_off = payout +
    carried_out; payout + vat = total. All without VAT but the last. set_off: what another contract of the host pays of
    what is owed by one that has ended; below zero where it is paid, and all of a settlement come to nothing. Of a
    self-billed one with a payout the number is the next of the host's own series. host, buyer: the host's and the
    operator's particulars when it was closed, with the language that the host reads.
    What cannot be worked out is left out, with the problem; its sessions are in the next one.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        CLOSED = "closed", _("closed")
        LEFT_OUT = "left_out", _("left out")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    settlement = OwnedForeignKey(Settlement, related_name="statements")
    contract = OwnedForeignKey(HostContract, related_name="statements")
    account = OwnedForeignKey(Account, related_name="host_statements")
    month = models.DateField(_("month"))
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.DRAFT)
    problem = models.CharField(max_length=40, blank=True)
    problem_facts = models.JSONField(default=dict, blank=True)
    currency = models.CharField(max_length=3)
    sessions = models.PositiveIntegerField(default=0)
    energy_wh = models.BigIntegerField(default=0)
    net = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    amount = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    carried_in = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    set_off = models.DecimalField(max_digits=14, decimal_places=2, default=0, db_default=0)
    payout = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    carried_out = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    vat_rate = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    vat = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    total = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    number = models.PositiveIntegerField(null=True)
    customer_number = models.CharField(max_length=30, blank=True)
    host = OwnedForeignKey(DriverIdentity, null=True, related_name="+")
    buyer = models.JSONField(default=dict, blank=True)
    drafted_at = models.DateTimeField()
    closed_at = models.DateTimeField(_("closed"), null=True)
    due_on = models.DateField(_("due"), null=True)
    object_until = models.DateField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("host_statement", "settlement", "contract", "account", "host"),
            models.UniqueConstraint(fields=["operator", "settlement", "contract"], name="host_statement_once"),
            models.UniqueConstraint(fields=["operator", "account", "number"], name="host_statement_number_once"),
            models.CheckConstraint(
                condition=Q(carried_out=F("carried_in") + F("amount") + F("set_off") - F("payout")),
                name="host_statement_carries",
            ),
            models.CheckConstraint(condition=Q(total=F("payout") + F("vat")), name="host_statement_adds_up"),
            models.CheckConstraint(condition=Q(payout__gte=0), name="host_statement_pays_out"),
            models.CheckConstraint(
                condition=Q(state="closed", closed_at__isnull=False) | Q(closed_at__isnull=True, number__isnull=True),
                name="host_statement_closed_at",
            ),
        ]
        indexes = [
            models.Index(fields=["operator", "contract", "-month"], name="host_statement_of_contract"),
            models.Index(fields=["operator", "account", "-month", "-id"], name="host_statement_of_account"),
            models.Index(
                fields=["operator", "closed_at", "id"], name="host_statement_closed", condition=Q(state="closed")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_number}-{self.number}" if self.number else f"{self.month:%Y-%m}"

    @property
    def log_name(self) -> str:
        """The statement in the audit log: its number, and nothing of whoever it is for."""
        return f"#{self.pk}"

    @property
    def zone(self) -> ZoneInfo:
        """The operator's clock when it was closed."""
        return ZoneInfo(self.buyer.get("time_zone") or "UTC")

    def standing(self, today: date) -> "Standing":
        """Whether the host has agreed to it, by its newest answer or by silence."""
        if self.state != self.State.CLOSED:
            return Standing.DRAFT if self.state == self.State.DRAFT else Standing.LEFT_OUT
        answer = max(self.answers.all(), key=lambda row: row.pk, default=None)
        if answer is not None:
            return Standing.APPROVED if answer.kind == HostAnswer.Kind.APPROVED else Standing.CONTESTED
        if self.number is None:
            return Standing.CLOSED
        is_silent = self.object_until is not None and self.object_until < today
        return Standing.SILENT if is_silent else Standing.WAITING


class Standing(models.TextChoices):
    """Where a statement stands with its host. What needs no approval is closed, and may be approved all the same."""

    DRAFT = "draft", _("draft")
    LEFT_OUT = "left_out", _("left out")
    CLOSED = "closed", _("closed")
    WAITING = "waiting", _("waits for the host")
    APPROVED = "approved", _("approved by the host")
    SILENT = "silent", _("approved by silence, as agreed")
    CONTESTED = "contested", _("contested by the host")


class HostMonth(OperatorOwned):
    """A month in a statement: what its sessions came to, less what earlier statements said of it."""

    statement = OwnedForeignKey(HostStatement, models.CASCADE, related_name="months")
    month = models.DateField(_("month"))
    sessions = models.PositiveIntegerField(default=0)
    energy_wh = models.BigIntegerField(default=0)
    net = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    amount = models.DecimalField(max_digits=14, decimal_places=2, default=0)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("host_month", "statement", referred=False),
            models.UniqueConstraint(fields=["operator", "statement", "month"], name="host_month_once"),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class HostLine(SiteBound):
    """A session in a statement: what was billed of it without VAT, less what earlier statements said of it."""

    seen_through = "session"

    # The references prove the operator (see `SameOperatorInBulk`).
    operator = models.ForeignKey(
        "tenants.Operator", models.PROTECT, related_name="+", editable=False, db_index=False, db_constraint=False
    )
    statement = OwnedForeignKey(HostStatement, models.CASCADE, related_name="lines")
    session = OwnedForeignKey(ChargingSession, related_name="host_lines")
    month = models.DateField()
    energy_wh = models.BigIntegerField()
    net = models.DecimalField(max_digits=14, decimal_places=2)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("host_line", "statement", "session", bulk=True, referred=False),
            models.UniqueConstraint(fields=["operator", "statement", "session"], name="host_line_once"),
        ]
        indexes = [models.Index(fields=["operator", "session"], name="host_line_of_session")]

    def __str__(self) -> str:
        return f"session {self.session_id}: {self.net}"


class HostAnswer(OperatorOwned):
    """That a host approves a statement or objects to it; the newest one counts. Only added to.

    text: in the words of people, sealed with the key of the host.
    """

    class Kind(models.TextChoices):
        APPROVED = "approved", _("approved")
        CONTESTED = "contested", _("contested")

    statement = OwnedForeignKey(HostStatement, related_name="answers")
    kind = models.CharField(max_length=9, choices=Kind)
    text = SealedTextField(_("what is wrong"), max_length=2000, blank=True)
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    given_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [*owned("host_answer", "statement", referred=False)]
        indexes = [models.Index(fields=["operator", "statement", "-id"], name="host_answer_of_statement")]

    def __str__(self) -> str:
        return str(self.get_kind_display())

    @property
    def sealed_for(self) -> Person:
        """Whose key seals it."""
        account = self.statement.account
        return Person.of(account.driver_id, account.pk)


class HostDocument(OperatorOwned):
    """The rendered PDF of a closed statement, kept so that every download is the same file.

    pdf: sealed with the operator's key (`tenants.sealed_content`). sha256: of what it opens as.
    """

    statement = OwnedForeignKey(HostStatement, related_name="documents")
    pdf = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    rendered_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("host_document", "statement", referred=False),
            models.UniqueConstraint(fields=["operator", "statement"], name="host_document_once"),
        ]

    def __str__(self) -> str:
        return self.sha256


class HostPayout(OperatorOwned):
    """That a statement was paid, wholly, on a day; one with the opposite sign takes it back. Whole coins.

    The money itself leaves through the bank: here it is only told.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    statement = OwnedForeignKey(HostStatement, related_name="payouts")
    amount = models.BigIntegerField(_("amount"))
    paid_on = models.DateField(_("paid"))
    text = models.CharField(_("note"), max_length=300, blank=True)
    undoes = OwnedForeignKey("billing.HostPayout", null=True, related_name="undone_by")
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("host_payout", "statement", "undoes"),
            models.UniqueConstraint(
                fields=["operator", "undoes"], name="host_payout_undone_once", condition=Q(undoes__isnull=False)
            ),
            models.CheckConstraint(
                condition=Q(undoes__isnull=True, amount__gt=0) | Q(undoes__isnull=False, amount__lt=0),
                name="host_payout_of_something",
            ),
        ]
        indexes = [
            models.Index(fields=["operator", "statement"], name="host_payout_of_statement"),
            models.Index(fields=["operator", "paid_on"], name="host_payout_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} on {self.paid_on}"
