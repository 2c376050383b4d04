"""What accounting takes out: made in the background, kept as files, said of each what it holds."""

import uuid
from datetime import date, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from billing.domain.calendar import month_after
from tenants.identifiers import new_public_id
from tenants.models.work import OPEN, Work
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey


class ExportTimetable(OperatorOwned):
    """A file that is made by itself: of the week or month before, every `next_on`, and where it goes.

    address, secret: of an address of somebody's; the secret signs what is posted there, sealed with the operator's key.
    Of an SFTP server, it is the password or our private key, whose other half is `public_key`; `host_key` is what the
    server showed, and nothing goes there before a person has confirmed it.
    """

    class Every(models.TextChoices):
        WEEK = "week", _("every week")
        MONTH = "month", _("every month")

    class To(models.TextChoices):
        LINK = "link", _("a letter with a link")
        FOLDER = "folder", _("a folder of this server")
        HTTPS = "https", _("an address, signed")
        SFTP = "sftp", _("an SFTP server")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    kind = models.CharField(_("what"), max_length=12)
    form = models.CharField(_("format"), max_length=5, blank=True)
    dated_by = models.CharField(_("by which day"), max_length=7)
    options = models.JSONField(default=dict)
    every = models.CharField(_("how often"), max_length=5, choices=Every)
    to = models.CharField(_("to"), max_length=6, choices=To)
    address = models.CharField(_("address"), max_length=500, blank=True)
    secret = models.BinaryField(default=bytes)
    public_key = models.CharField(max_length=200, blank=True, default="")
    host_key = models.TextField(blank=True, default="")
    fingerprint = models.CharField(_("fingerprint"), max_length=80, blank=True, default="")
    confirmed_at = models.DateTimeField(_("confirmed"), null=True)
    next_on = models.DateField(_("next"))
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        default_permissions = ()
        constraints = [*owned("export_timetable")]
        indexes = [
            models.Index(
                fields=["operator", "next_on"], name="export_timetable_due", condition=Q(ended_at__isnull=True)
            )
        ]

    @property
    def waits_for_confirmation(self) -> bool:
        """Whether nobody has yet confirmed that the server is the one that is meant."""
        return self.to == self.To.SFTP and self.confirmed_at is None

    def __str__(self) -> str:
        return f"{self.kind} {self.every}"


class Export(OperatorOwned, Work):
    """One requested file, and how far it is: what, of which days, and by which of their days things belong to them.

    The same one is not asked for twice while it is being made. The file is kept for a while; the row, with its
    SHA-256, its rows and its sums, stays. It can be made again: `repeats` is the first one, and what happened after
    `as_of` is in neither.
    """

    class Kind(models.TextChoices):
        XLSX = "xlsx", _("invoices and lines, XLSX")
        INVOICES = "invoices", _("invoices")
        LINES = "lines", _("invoice lines")
        SESSIONS = "sessions", _("sessions")
        PAYMENTS = "payments", _("payments")
        CUSTOMERS = "customers", _("customer register")
        VAT = "vat", _("VAT summary")
        EC_SALES = "ec_sales", _("EC sales list")
        VAT_RETURN = "vat_return", _("VAT return, eSKD")
        EC_RETURN = "ec_return", _("EC sales list for Skatteverket")
        PDF_ZIP = "pdf_zip", _("invoices as PDF, ZIP")
        XML_ZIP = "xml_zip", _("e-invoices, ZIP")
        SIE = "sie", _("vouchers, SIE 4")

    class Form(models.TextChoices):
        """How a table is written."""

        CSV = "csv", "CSV"
        XLSX = "xlsx", "XLSX"
        JSONL = "jsonl", _("JSON lines")

    class DatedBy(models.TextChoices):
        """Which of its days says whether a thing is in the file. A credit note has its own, except of charging."""

        ISSUED = "issued", _("date of the document or payment")
        BOOKED = "booked", _("booking day")
        CHARGED = "charged", _("month of charging")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    kind = models.CharField(_("what"), max_length=12, choices=Kind)
    form = models.CharField(_("format"), max_length=5, choices=Form, blank=True, default="")
    month = models.DateField(_("month"))
    # Of a file for other days than a month's; and of vouchers: whether there is one a day, whether documents that stand
    # in an earlier file are in it again, and whether payments are in it.
    first_day = models.DateField(_("from"), null=True)
    last_day = models.DateField(_("to"), null=True)
    dated_by = models.CharField(_("by which day"), max_length=7, choices=DatedBy, default=DatedBy.ISSUED)
    by_day = models.BooleanField(default=False)
    again = models.BooleanField(default=False)
    payments = models.BooleanField(default=False)
    # What is asked of a kind beside its days (`billing.exports.formats`).
    options = models.JSONField(default=dict)
    as_of = models.DateTimeField(null=True)
    language = models.CharField(max_length=5, blank=True, default="")
    timetable = OwnedForeignKey(ExportTimetable, null=True, related_name="exports")
    repeats = OwnedForeignKey("billing.Export", null=True, related_name="repeated")
    file = models.FileField(max_length=300, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    rows = models.BigIntegerField(_("rows"), null=True)
    # By currency, then by column: texts of decimals.
    sums = models.JSONField(default=dict)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("export", "timetable", "repeats"),
            models.UniqueConstraint(
                fields=[
                    *("operator", "kind", "form", "month", "first_day", "last_day", "dated_by", "timetable", "repeats")
                ],
                condition=OPEN,
                name="export_open_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(first_day__isnull=True, last_day__isnull=True) | Q(last_day__gte=F("first_day")),
                name="export_days_in_order",
            ),
        ]
        indexes = [
            models.Index(fields=["operator", "-created_at"], name="export_newest"),
            models.Index(fields=["operator", "id"], condition=OPEN, name="export_open"),
        ]

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last of its days."""
        if self.first_day and self.last_day:
            return self.first_day, self.last_day
        return self.month, month_after(self.month) - timedelta(days=1)

    @property
    def work_kind(self) -> str:  # type: ignore[override]  # by kind of file
        """The kind of work: one for all tables, and one a kind of other files, as they wait in different lanes."""
        return "export_table" if self.form else f"export_{self.kind}"

    @property
    def asked_by_id(self) -> int | None:
        """Number of the person who asked for the file."""
        return self.requested_by_id

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.month:%Y-%m}"


class ExportDelivery(OperatorOwned, Work):
    """That a file of a timetable reaches who it is for: handed over once (decision 51), or told by one letter.

    key: what whoever takes it knows it by. begun_at: since when it may have been handed over. reason: why it was not
    taken, a word without anything of a person. failures: how often nobody was there, one after another.
    """

    work_kind = "export_delivery"

    export = OwnedForeignKey(Export, related_name="deliveries")
    key = models.UUIDField(default=uuid.uuid4, editable=False)
    reason = models.CharField(max_length=60, blank=True)
    failures = models.PositiveSmallIntegerField(default=0)
    begun_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(_("sent"), null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("export_delivery", "export", referred=False),
            models.UniqueConstraint(fields=["operator", "export"], name="export_delivered_once"),
        ]
        indexes = [models.Index(fields=["operator", "id"], condition=OPEN, name="export_delivery_open")]

    def __str__(self) -> str:
        return str(self.export)


class ExportTaken(OperatorOwned):
    """That somebody took a file of a month. `kind`: of the export, or of a table that is sent at once."""

    kind = models.CharField(_("what"), max_length=20)
    month = models.DateField(_("month"))
    taken_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    taken_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [*owned("export_taken", referred=False)]
        indexes = [models.Index(fields=["operator", "-taken_at"], name="export_taken_newest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.month:%Y-%m}"
