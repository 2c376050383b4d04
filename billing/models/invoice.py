"""Invoices, credit notes, their lines, and the ledger of which session stands on which invoice.

Once issued, no row of an invoice changes: triggers refuse it to every role. A mistake is corrected
by credit notes, of all of it or of parts; a session of which nothing is left on the invoice is released.
"""

import re
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models.fee import BilledFee
from billing.models.issued_names import LineNames
from billing.models.run import InvoiceRun
from billing.models.tariff import TariffVersion
from charging.models import ChargingSession
from charging.site_scope import SiteBound
from tenants.identifiers import new_public_id
from tenants.models import Account, DriverIdentity
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey


class NumberSeries(OperatorOwned):
    """The last number taken of a series. Locked while numbers are taken, so that none is skipped."""

    code = models.CharField(max_length=20)
    last_number = models.BigIntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("number_series"),
            models.UniqueConstraint(fields=["operator", "code"], name="number_series_once"),
        ]

    def __str__(self) -> str:
        return f"{self.code}{self.last_number}"


#: Digits of an OCR reference: as many as a number has that the database can hold, and its check digit.
LONGEST_REFERENCE = 19


def with_check_digit(number: int) -> str:
    """Append the Luhn check digit that a Swedish OCR reference ends with."""
    doubled = [int(digit) * (2 - index % 2) for index, digit in enumerate(reversed(str(number)))]
    return f"{number}{-sum(value // 10 + value % 10 for value in doubled) % 10}"


def number_meant(reference: str) -> int | None:
    """The number of the document that an OCR reference names, as a person or a bank wrote it; None if it names none.

    Blanks, hyphens and leading zeros do not count. A check digit that is wrong names nothing.
    """
    digits = re.sub(r"[\s.\-]", "", reference).lstrip("0")
    if not (digits.isascii() and digits.isdecimal()) or not 2 <= len(digits) <= LONGEST_REFERENCE:
        return None
    number = int(digits[:-1])
    return number if with_check_digit(number) == digits else None


class Invoice(OperatorOwned):
    """A bill of one month, or a credit note of one: then every quantity and amount has the opposite sign.

    amount_excl_vat + vat + rounding = amount_due (EN 16931: BT-109, BT-110, BT-114, BT-115).
    A credit note's line has the position of the line that it credits. `vat_country`: whose VAT all of it charges, under
    the operator's number there; the operator's own where it charges none. Empty on those issued before there was one
    for each country: their seller says under which numbers they are.
    """

    class Kind(models.TextChoices):
        INVOICE = "invoice", _("invoice")
        CREDIT_NOTE = "credit_note", _("credit note")

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        ISSUED = "issued", _("issued")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.INVOICE)
    run = OwnedForeignKey(InvoiceRun, null=True, related_name="invoices")
    account = OwnedForeignKey(Account, related_name="invoices")
    buyer = OwnedForeignKey(DriverIdentity, related_name="+")
    credits = OwnedForeignKey("billing.Invoice", null=True, related_name="credit_notes")
    # Of an invoice of a re-rating: which one it bills anew in part. It says the names that one's run has kept.
    replaces = OwnedForeignKey("billing.Invoice", null=True, related_name="replacements")
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    leaves_rest = models.BooleanField(default=False, help_text="Of a credit note: its invoice is not undone wholly.")

    state = models.CharField(_("state"), max_length=8, choices=State, default=State.DRAFT)
    series = models.CharField(max_length=20, default="F")
    number = models.BigIntegerField(_("number"), null=True)
    month = models.DateField(_("month"))
    currency = models.CharField(_("currency"), max_length=3)
    vat_country = models.CharField(max_length=2, blank=True, default="", db_default="")
    amount_excl_vat = models.DecimalField(max_digits=14, decimal_places=2)
    vat = models.DecimalField(max_digits=14, decimal_places=2)
    rounding = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    amount_due = models.DecimalField(max_digits=14, decimal_places=2)
    session_count = models.PositiveIntegerField(default=0)
    energy_wh = models.BigIntegerField(default=0)
    # The account's number and the operator's particulars at the time of issue (EN 16931 BT-46, BG-4).
    customer_number = models.CharField(_("customer number"), max_length=30, blank=True)
    seller = models.JSONField(default=dict)
    drafted_at = models.DateTimeField()
    issued_at = models.DateTimeField(_("issued"), null=True)
    due_on = models.DateField(_("due"), null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("invoice", "run", "account", "buyer", "credits", "replaces"),
            models.UniqueConstraint(
                fields=["operator", "run", "account", "vat_country"],
                name="invoice_drafted_once_a_run",
                condition=Q(replaces__isnull=True),
            ),
            models.UniqueConstraint(fields=["operator", "series", "number"], name="invoice_number_once"),
            # Nothing is left to credit after this one; a row without `credits` never meets another.
            models.UniqueConstraint(
                fields=["operator", "credits"], name="invoice_credited_once", condition=Q(leaves_rest=False)
            ),
            models.CheckConstraint(
                condition=Q(state="draft", number__isnull=True, issued_at__isnull=True)
                | Q(state="issued", number__isnull=False, issued_at__isnull=False),
                name="invoice_issued_has_number",
            ),
            models.CheckConstraint(condition=Q(number__isnull=True) | Q(number__gt=0), name="invoice_number_positive"),
            models.CheckConstraint(
                condition=Q(kind="invoice", credits__isnull=True) | Q(kind="credit_note", credits__isnull=False),
                name="invoice_credit_note_names_original",
            ),
            models.CheckConstraint(
                condition=Q(replaces__isnull=True) | Q(kind="invoice"), name="invoice_replaces_as_an_invoice"
            ),
            models.CheckConstraint(
                condition=Q(amount_due=models.F("amount_excl_vat") + models.F("vat") + models.F("rounding")),
                name="invoice_adds_up",
            ),
        ]
        indexes = [
            models.Index(fields=["operator", "-month", "-id"], name="invoice_newest"),
            models.Index(fields=["operator", "account", "-month"], name="invoice_of_account"),
            models.Index(fields=["operator", "run", "-amount_due", "id"], name="invoice_largest_of_run"),
            models.Index(fields=["operator", "amount_due", "id"], name="invoice_by_amount"),
            # Downloads go by the date of the document.
            models.Index(
                fields=["operator", "kind", "issued_at", "id"], name="invoice_by_date", condition=Q(state="issued")
            ),
            # What is not due yet, and what is overdue.
            models.Index(
                fields=["operator", "due_on"], name="invoice_by_due", condition=Q(state="issued", kind="invoice")
            ),
            # The few among many: credit notes, and drafts.
            models.Index(
                fields=["operator", "-month", "-id"], name="invoice_credit_notes", condition=Q(kind="credit_note")
            ),
            models.Index(fields=["operator", "-month", "-id"], name="invoice_drafts", condition=Q(state="draft")),
            models.Index(fields=["operator", "credits"], name="invoice_notes_of", condition=Q(credits__isnull=False)),
            models.Index(fields=["operator", "replaces"], name="invoice_anew_of", condition=Q(replaces__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.series}{self.number}" if self.number else str(_("draft"))

    @property
    def customer(self) -> str:
        """The customer's number: of an issued document as it was, of a draft as it is."""
        return self.customer_number or self.account.customer_number

    def is_overdue(self, at: datetime) -> bool:
        """Whether it is an invoice whose last day to pay has passed, by the clock it was issued under."""
        if self.kind != self.Kind.INVOICE or self.due_on is None:
            return False
        return self.due_on < at.astimezone(ZoneInfo(self.seller.get("time_zone", "UTC"))).date()

    @property
    def payment_reference(self) -> str:
        """The OCR number of Swedish giro payments: the number with its check digit (mod 10); empty for a draft."""
        return "" if self.number is None else with_check_digit(self.number)


class InvoiceLine(SiteBound):
    """One quantity at one price, rounded half up to the minor unit: a session's component, or what is charged of a fee.

    Where the unit price includes VAT, `amount_incl_vat` is what was rounded, and `amount_excl_vat` the line's share of
    what all such lines of the rate are without VAT (EN 16931: BT-131); else there is no amount including VAT.
    """

    seen_through = "session"

    # The references prove the operator (see `SameOperatorInBulk`).
    operator = models.ForeignKey(
        "tenants.Operator", models.PROTECT, related_name="+", editable=False, db_index=False, db_constraint=False
    )
    invoice = OwnedForeignKey(Invoice, models.CASCADE, related_name="lines")
    position = models.PositiveIntegerField()
    session = OwnedForeignKey(ChargingSession, null=True, related_name="invoice_lines")
    tariff_version = OwnedForeignKey(TariffVersion, null=True, related_name="+")
    fee = OwnedForeignKey(BilledFee, null=True, related_name="lines")
    component = models.CharField(max_length=16)
    quantity = models.DecimalField(max_digits=18, decimal_places=6)
    unit = models.CharField(max_length=8)
    unit_price = models.DecimalField(max_digits=14, decimal_places=6)
    vat_rate = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    amount_excl_vat = models.DecimalField(max_digits=14, decimal_places=2)
    amount_incl_vat = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    #: What the line of a session says of site and tariff; filled in by `billing.selectors.invoices.lines`.
    named: LineNames

    class Meta:
        default_permissions = ()
        constraints = [
            # A session's lines are of one invoice and one version: what they refer to is looked through once.
            *owned("invoice_line", ("invoice", "session", "tariff_version", "fee"), bulk=True, referred=False),
            models.UniqueConstraint(fields=["operator", "invoice", "position"], name="invoice_line_position_once"),
            models.CheckConstraint(
                condition=Q(session__isnull=False, tariff_version__isnull=False, fee__isnull=True)
                | Q(session__isnull=True, tariff_version__isnull=True, fee__isnull=False),
                name="invoice_line_of_session_or_fee",
            ),
        ]
        indexes = [
            # Not led by the operator: of one whom nobody has counted yet, the planner would look up documents by it.
            models.Index(fields=["session"], name="invoice_line_by_session"),
            models.Index(fields=["operator", "fee"], name="invoice_line_of_fee", condition=Q(fee__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.position}: {self.component} {self.amount}"

    @property
    def is_part(self) -> bool:
        """Whether it takes back an amount of a line that counted energy or time: one piece at that amount."""
        return self.unit == "1" and (self.component == "ENERGY" or self.component.endswith("TIME"))

    @property
    def tax_included(self) -> bool:
        """Whether the unit price includes VAT."""
        return self.amount_incl_vat is not None

    @property
    def amount(self) -> Decimal:
        """The amount that goes with the unit price, with VAT or without."""
        return self.amount_excl_vat if self.amount_incl_vat is None else self.amount_incl_vat


class InvoiceVat(OperatorOwned):
    """The VAT of one rate on one invoice (EN 16931 BG-23). A null rate: outside the scope of VAT."""

    # The references prove the operator (see `SameOperatorInBulk`).
    operator = models.ForeignKey(
        "tenants.Operator", models.PROTECT, related_name="+", editable=False, db_index=False, db_constraint=False
    )
    invoice = OwnedForeignKey(Invoice, models.CASCADE, related_name="vat_rows")
    vat_rate = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    taxable = models.DecimalField(max_digits=14, decimal_places=2)
    vat = models.DecimalField(max_digits=14, decimal_places=2)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("invoice_vat", "invoice", bulk=True, referred=False),
            models.UniqueConstraint(
                fields=["operator", "invoice", "vat_rate"], name="invoice_vat_once", nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return f"{self.vat_rate} %: {self.vat}"


#: Of a row of the ledger: the session stands on the invoice now, no credit note has released it.
IN_FORCE = Q(released_by__isnull=True)


class BilledSession(SiteBound):
    """That a session stands on an invoice. The unique index is why no session can be billed twice."""

    seen_through = "session"

    # The references prove the operator (see `SameOperatorInBulk`).
    operator = models.ForeignKey(
        "tenants.Operator", models.PROTECT, related_name="+", editable=False, db_index=False, db_constraint=False
    )
    session = OwnedForeignKey(ChargingSession, related_name="billings")
    invoice = OwnedForeignKey(Invoice, models.CASCADE, related_name="billed_sessions")
    released_by = OwnedForeignKey(Invoice, null=True, related_name="released_sessions")

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("billed_session", "session", "invoice", "released_by", bulk=True, referred=False),
            models.UniqueConstraint(
                fields=["operator", "session"],
                condition=IN_FORCE,
                name="session_billed_once",
            ),
        ]
        indexes = [
            # Not by operator: of one that is new the planner expects a row at most, and would look for a session here.
            models.Index(fields=["invoice"], name="billed_session_by_invoice"),
            # Also of released ones: a session that ends is looked for among all that were ever billed.
            models.Index(fields=["session"], name="billed_session_by_session"),
            models.Index(
                fields=["operator", "released_by"],
                name="billed_session_released",
                condition=Q(released_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"session {self.session_id} on invoice {self.invoice_id}"


class InvoiceDocument(OperatorOwned):
    """The rendered PDF of an issued invoice, kept so that every download is the same file.

    pdf: sealed with the operator's key (`tenants.sealed_content`). sha256: of what it opens as.
    """

    invoice = OwnedForeignKey(Invoice, related_name="documents")
    pdf = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    rendered_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("invoice_document", "invoice"),
            models.UniqueConstraint(fields=["operator", "invoice"], name="invoice_document_once"),
        ]

    def __str__(self) -> str:
        return self.sha256


class EInvoice(OperatorOwned):
    """The e-invoice of a document as it left first, kept so that it is the same file for ever (decision 42).

    Of an issued invoice or credit note, or of a self-billed statement to a host. xml: sealed with the operator's key
    (`tenants.sealed_content`). sha256: of what it opens as.
    """

    invoice = OwnedForeignKey(Invoice, null=True, related_name="e_invoices")
    statement = OwnedForeignKey("billing.HostStatement", null=True, related_name="e_invoices")
    xml = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    made_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("e_invoice", "invoice", "statement"),
            models.UniqueConstraint(fields=["operator", "invoice"], name="e_invoice_once"),
            models.UniqueConstraint(fields=["operator", "statement"], name="e_invoice_of_statement_once"),
            models.CheckConstraint(
                condition=Q(invoice__isnull=False, statement__isnull=True)
                | Q(invoice__isnull=True, statement__isnull=False),
                name="e_invoice_of_one_document",
            ),
        ]

    def __str__(self) -> str:
        return self.sha256
