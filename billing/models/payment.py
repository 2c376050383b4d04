"""Money that came in, and what it was for: files of the bank, payments, matches, and what is open of each invoice.

Amounts are whole coins of their currency (minor units). A payment and a match are facts: neither changes nor goes. A
wrong match is undone by another that takes it back, and what is left of both sides is kept by the database alone.
"""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from billing.models.invoice import Invoice
from tenants import blind_index
from tenants.blind_index import MarkField
from tenants.identifiers import new_public_id
from tenants.models import Account
from tenants.models.work import OPEN, Work
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey
from tenants.sealed_fields import Person, Sealed, SealedCharField, SealedJSONField


class PaymentFile(OperatorOwned, Work):
    """A file of a bank on its way in: believed whole before a payment of it is booked.

    payments = booked + known once it is done. `sums` and `left_out` have the shape of `billing.bank_files.told.Told`.
    accounts: to which its money came, as the bank writes them; None before it was read. is_ours: a person said that
    they are the operator's, which nothing else told.
    """

    work_kind = "payment_file"

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    file = models.FileField(max_length=300)
    file_name = models.CharField(_("file"), max_length=200)
    file_sha256 = models.CharField(max_length=64)
    file_size = models.BigIntegerField(default=0)
    form = models.CharField(_("form"), max_length=20, blank=True)
    payments = models.BigIntegerField(_("payments"), default=0)
    booked = models.BigIntegerField(_("booked"), default=0)
    known = models.BigIntegerField(_("known before"), default=0)
    matched = models.BigIntegerField(_("matched"), default=0)
    sums = models.JSONField(default=dict)
    left_out = models.JSONField(default=dict)
    accounts = ArrayField(models.CharField(max_length=40), null=True)
    is_ours = models.BooleanField(_("accounts confirmed"), default=False, db_default=False)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [*owned("payment_file")]
        indexes = [
            models.Index(fields=["operator", "-created_at"], name="payment_file_newest"),
            models.Index(fields=["operator", "id"], condition=OPEN, name="payment_file_open"),
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def asked_by_id(self) -> int | None:
        """Number of the person who brought the file."""
        return self.uploaded_by_id


class Payment(OperatorOwned):
    """Money that reached an account of the operator's, as the bank or a person told it; negative: taken off again.

    A booking of the bank (`booking`, the `nth` that says the same of itself) has payments, each with its `item`.
    `given`: what the payer gave as references, and in `given_amounts` how much is for each, if that was told.
    `rest`: what is not matched yet. It waits for a person, between nothing and the whole amount.

    What a payer gave and wrote, and who they are, lies sealed with the operator's key: whose money it was turns out
    later, or never. An account is found whole by the mark beside it.
    """

    #: As what its texts are sealed (`sealed_for`).
    OF = "payment"

    # The database proves the operator by row security: a foreign key of its own would be checked for every row.
    operator = models.ForeignKey(
        "tenants.Operator", models.PROTECT, related_name="+", editable=False, db_index=False, db_constraint=False
    )
    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    file = OwnedForeignKey(PaymentFile, null=True, related_name="+")
    booking = models.CharField(max_length=32)
    nth = models.PositiveIntegerField(default=1)
    item = models.PositiveIntegerField(default=0)
    amount = models.BigIntegerField(_("amount"))
    rest = models.BigIntegerField(_("not matched"))
    currency = models.CharField(_("currency"), max_length=3)
    paid_on = models.DateField(_("paid"))
    to_account = models.CharField(_("to account"), max_length=40, blank=True)
    given = SealedJSONField(default=list)
    given_amounts = ArrayField(models.BigIntegerField(), default=list)
    text = SealedCharField(_("message"), max_length=500, blank=True)
    payer_name = SealedCharField(_("payer"), max_length=140, blank=True)
    payer_account = SealedCharField(_("payer's account"), max_length=40, blank=True)
    payer_account_mark = MarkField(max_length=64, blank=True, editable=False)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("payment", "file", bulk=True, referred=False),
            models.UniqueConstraint(fields=["operator", "booking", "nth", "item"], name="payment_once"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, rest__gte=0, rest__lte=F("amount"))
                | Q(amount__lt=0, rest__lte=0, rest__gte=F("amount")),
                name="payment_rest_within_amount",
            ),
        ]
        indexes = [
            models.Index(fields=["operator", "-paid_on", "-id"], name="payment_newest"),
            models.Index(fields=["operator", "-amount", "-id"], name="payment_by_amount"),
            models.Index(fields=["operator", "-paid_on", "-id"], name="payment_waiting", condition=~Q(rest=0)),
            models.Index(
                fields=["operator", "payer_account_mark"], name="payment_of_payer", condition=~Q(payer_account_mark="")
            ),
            models.Index(fields=["operator", "file", "id"], name="payment_of_file", condition=Q(file__isnull=False)),
            models.Index(fields=["recorded_by"], name="payment_recorded_by", condition=Q(recorded_by__isnull=False)),
        ]

    @property
    def sealed_for(self) -> Person:
        """That it may be about anybody, and of which payment it is."""
        return Person(self.OF, self.public_id.int)

    def marked(self, _name: str) -> str | None:
        """The mark of the payer's account; None where that is as it was read."""
        account = self.__dict__.get("payer_account")
        if account is None or isinstance(account, Sealed):
            return None
        return self.marks(account, self.operator_id)[0] if account else ""

    @staticmethod
    def marks(account: str, operator_id: int) -> list[str]:
        """What a payer's account may be found by. account: as a bank tells it, without blanks."""
        return blind_index.marks(account, field="billing_payment.payer_account", operator_id=operator_id)

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


class PaymentMatch(OperatorOwned):
    """What a payment, or a part of it, was for: an invoice; to stand on the account; or it was paid back.

    One that undoes another has its amount with the opposite sign.
    """

    class Purpose(models.TextChoices):
        INVOICE = "invoice", _("for an invoice")
        ACCOUNT = "account", _("kept on the account")
        REFUND = "refund", _("paid back")

    class How(models.TextChoices):
        REFERENCE = "reference", _("by its reference")
        NOD = "nod", _("proposed, and confirmed by a person")
        HAND = "hand", _("by hand")

    # The references prove the operator (see `SameOperatorInBulk`).
    operator = models.ForeignKey(
        "tenants.Operator", models.PROTECT, related_name="+", editable=False, db_index=False, db_constraint=False
    )
    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    payment = OwnedForeignKey(Payment, related_name="matches")
    account = OwnedForeignKey(Account, null=True, related_name="+")
    invoice = OwnedForeignKey(Invoice, null=True, related_name="matches")
    amount = models.BigIntegerField(_("amount"))
    purpose = models.CharField(_("for"), max_length=8, choices=Purpose)
    how = models.CharField(_("how"), max_length=9, choices=How)
    undoes = OwnedForeignKey("billing.PaymentMatch", null=True, related_name="undone_by")
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned(
                "payment_match",
                "payment",
                "account",
                "invoice",
                "undoes",
                bulk=True,
                referred=False,
                proved=("payment", "invoice", "undoes"),  # by `billing_matched`, which takes issued invoices alone
            ),
            models.UniqueConstraint(
                fields=["operator", "undoes"], name="payment_match_undone_once", condition=Q(undoes__isnull=False)
            ),
            models.CheckConstraint(
                condition=Q(purpose="invoice", invoice__isnull=False, account__isnull=False)
                | Q(purpose="account", invoice__isnull=True, account__isnull=False)
                | Q(purpose="refund", invoice__isnull=True),
                name="payment_match_has_its_purpose",
            ),
            models.CheckConstraint(condition=~Q(amount=0), name="payment_match_of_something"),
        ]
        indexes = [
            models.Index(fields=["operator", "payment"], name="payment_match_of_payment"),
            models.Index(
                fields=["operator", "invoice"], name="payment_match_of_invoice", condition=Q(invoice__isnull=False)
            ),
            models.Index(fields=["operator", "account"], name="payment_match_of_account"),
            models.Index(
                fields=["operator", "account", "payment"],
                name="payment_match_on_account",
                condition=Q(purpose="account"),
            ),
            models.Index(fields=["made_by"], name="payment_match_made_by", condition=Q(made_by__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.purpose}"


class Receivable(OperatorOwned):
    """What is open of an issued invoice: rest = due - credited - paid - written_off.

    Below zero, the payer has something to get back. disputed: what is disputed of it now comes to, as credit notes have
    left it; all that was due, if the invoice is disputed as a whole. What is paid or given up is of the other part
    first, so the payer is asked for what of the rest is more than that. The database makes the row when the invoice is
    issued, and keeps it as credit notes are issued, payments matched, rests given up and disputes raised and answered;
    nobody else writes it.
    """

    invoice = OwnedForeignKey(Invoice, related_name="receivables")
    account = OwnedForeignKey(Account, related_name="+")
    currency = models.CharField(max_length=3)
    due_on = models.DateField(null=True)
    due = models.BigIntegerField()
    credited = models.BigIntegerField(default=0)
    paid = models.BigIntegerField(default=0)
    written_off = models.BigIntegerField(default=0, db_default=0)
    rest = models.BigIntegerField()
    disputed = models.BigIntegerField(_("disputed of that"), default=0, db_default=0)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("receivable", "invoice", "account", bulk=True, referred=False),
            models.UniqueConstraint(fields=["operator", "invoice"], name="receivable_once"),
            models.CheckConstraint(
                condition=Q(rest=F("due") - F("credited") - F("paid") - F("written_off")),
                name="receivable_rest_adds_up",
            ),
            models.CheckConstraint(condition=Q(disputed__gte=0), name="receivable_disputed_not_negative"),
        ]
        indexes = [
            models.Index(
                fields=["operator", "due_on", "account", "currency", "rest", "disputed"],
                name="receivable_owed",
                condition=~Q(rest=0),
            ),
            # Few among all that are open: nobody looks through those to find them.
            models.Index(fields=["operator", "due_on", "id"], name="receivable_too_much", condition=Q(rest__lt=0)),
            models.Index(fields=["operator", "account"], name="receivable_of_account"),
            models.Index(
                fields=["operator", "invoice"], name="receivable_part_paid", condition=Q(rest__gt=0) & ~Q(paid=0)
            ),
            models.Index(fields=["operator", "invoice"], name="receivable_disputed", condition=~Q(disputed=0)),
        ]

    @property
    def waits(self) -> int:
        """What of the rest is disputed, and not asked for before it is answered."""
        return max(0, min(self.rest, self.disputed))

    @property
    def asked(self) -> int:
        """What of the rest is to be paid now."""
        return max(0, self.rest - self.disputed)

    def __str__(self) -> str:
        return f"{self.rest} {self.currency}"
