"""The ledger: double entry under documents and payments, only ever added to.

Amounts are whole coins of their currency, debit positive. A row says for what an amount is booked (its use), not on
which account: the account of a use stands in the operator's chart (`billing.selectors.booking_accounts`).
"""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from billing.models.booking import BookingAccount
from billing.models.export import Export
from charging.models import Site
from tenants.models.work import OPEN, Work
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey


class LedgerEntry(OperatorOwned):
    """One event as it is booked. `source`: the id of what happened, by kind (`billing.sql.ledger.SOURCES`).

    An event is booked once. It belongs to the month of `booked_on`: the day it happened, or the first day that is open
    where that day's month is closed.
    """

    class Kind(models.TextChoices):
        DOCUMENT = "document", _("document issued")
        PAYMENT = "payment", _("payment received")
        MATCH = "match", _("payment matched")
        WRITE_OFF = "write_off", _("receivable given up")
        STATEMENT = "statement", _("host's statement")
        PAYOUT = "payout", _("paid to a host")

    # The database proves the operator by row security; nothing else is referred to.
    operator = models.ForeignKey(
        "tenants.Operator", models.PROTECT, related_name="+", editable=False, db_index=False, db_constraint=False
    )
    kind = models.CharField(_("what"), max_length=12, choices=Kind)
    source = models.BigIntegerField()
    event_on = models.DateField()
    booked_on = models.DateField(_("booked"))
    currency = models.CharField(max_length=3)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("ledger_entry", referred=False),
            models.UniqueConstraint(fields=["operator", "kind", "source"], name="ledger_entry_once"),
            models.CheckConstraint(condition=Q(booked_on__gte=F("event_on")), name="ledger_entry_not_before_event"),
        ]
        indexes = [models.Index(fields=["operator", "booked_on", "id"], name="ledger_entry_by_day")]

    def __str__(self) -> str:
        return f"{self.kind} {self.source}"


class LedgerRow(OperatorOwned):
    """An amount of an entry. All rows of an entry are written by one statement, numbered from 1, and come to nothing.

    account: of a fee that names its own; else that of the use. country: the other one whose VAT it bears, or is; empty
    where that is the operator's own. `booked_on` is the entry's.
    """

    # The references prove the operator (see `SameOperatorInBulk`).
    operator = models.ForeignKey(
        "tenants.Operator", models.PROTECT, related_name="+", editable=False, db_index=False, db_constraint=False
    )
    entry = OwnedForeignKey(LedgerEntry, related_name="rows")
    position = models.PositiveIntegerField()
    use = models.CharField(max_length=12, choices=BookingAccount.Use)
    account = models.CharField(max_length=10, blank=True)
    vat_rate = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    country = models.CharField(max_length=2, blank=True, default="", db_default="")
    site = OwnedForeignKey(Site, null=True, related_name="+")
    booked_on = models.DateField()
    amount = models.BigIntegerField()

    class Meta:
        default_permissions = ()
        constraints = [
            *owned(
                "ledger_row", "entry", "site", bulk=True, referred=False, proved=("entry",)
            ),  # by `billing_balanced`
            models.UniqueConstraint(fields=["operator", "entry", "position"], name="ledger_row_position_once"),
        ]
        indexes = [
            models.Index(fields=["operator", "use", "booked_on", "id"], name="ledger_row_of_use"),
            models.Index(fields=["operator", "site"], name="ledger_row_of_site", condition=Q(site__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.use}"

    @property
    def debit(self) -> int:
        """The amount where it stands on the left; 0 where it does not."""
        return max(self.amount, 0)

    @property
    def credit(self) -> int:
        """The amount where it stands on the right; 0 where it does not."""
        return max(-self.amount, 0)


class LedgerSum(OperatorOwned):
    """What the rows of a month come to, by use. The database keeps it as rows are written; nobody else writes it."""

    operator = models.ForeignKey(
        "tenants.Operator", models.PROTECT, related_name="+", editable=False, db_index=False, db_constraint=False
    )
    month = models.DateField()
    currency = models.CharField(max_length=3)
    use = models.CharField(max_length=12, choices=BookingAccount.Use)
    account = models.CharField(max_length=10, blank=True)
    vat_rate = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    country = models.CharField(max_length=2, blank=True, default="", db_default="")
    debit = models.BigIntegerField(default=0)
    credit = models.BigIntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("ledger_sum", referred=False),
            models.UniqueConstraint(
                fields=["operator", "month", "currency", "use", "account", "vat_rate", "country"],
                name="ledger_sum_once",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.use} {self.debit - self.credit}"


class ClosedMonth(OperatorOwned):
    """A month that takes no entry any more, and its trial balance as it was closed. Months are closed in their order.

    figures: rows of `billing.selectors.ledger.Line`, so that a later change of the chart changes nothing here.
    """

    month = models.DateField()
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    closed_at = models.DateTimeField()
    figures = models.JSONField(default=list)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("closed_month", referred=False),
            models.UniqueConstraint(fields=["operator", "month"], name="month_closed_once"),
            models.CheckConstraint(condition=Q(month__day=1), name="closed_month_first_day"),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class LedgerWork(OperatorOwned, Work):
    """That what happened before there was a ledger is booked.

    `reached`: the last source, by kind of entry; `ALL` of a kind whose every event is known to be booked, for good, as
    what happens books itself.
    """

    work_kind = "ledger"
    #: More than any source.
    ALL = 2**63 - 1

    reached = models.JSONField(default=dict)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("ledger_work", referred=False),
            models.UniqueConstraint(fields=["operator"], name="ledger_work_once"),
        ]
        indexes = [models.Index(fields=["operator", "id"], condition=OPEN, name="ledger_work_open")]

    def __str__(self) -> str:
        return f"{self.done} of {self.total}"


class BookedEntry(OperatorOwned):
    """That an entry, which is no document's, stands in a file for an accounting program; the first that holds it."""

    export = OwnedForeignKey(Export, related_name="+")
    entry = OwnedForeignKey(LedgerEntry, related_name="booked")

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("booked_entry", "export", "entry", bulk=True, referred=False),
            models.UniqueConstraint(fields=["operator", "entry"], name="entry_booked_once"),
        ]
        indexes = [models.Index(fields=["operator", "export"], name="booked_entry_of_export")]

    def __str__(self) -> str:
        return f"entry {self.entry_id} in export {self.export_id}"
