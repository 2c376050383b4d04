"""Downloads that take longer than a request: made in the background, kept as files."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.identifiers import new_public_id
from tenants.rls import owned
from tenants.scoping import OperatorOwned


class Export(OperatorOwned):
    """One requested download of a month, and how far it is."""

    class Kind(models.TextChoices):
        INVOICES_CSV = "invoices_csv", _("invoices, CSV")
        LINES_CSV = "lines_csv", _("invoice lines, CSV")
        XLSX = "xlsx", _("invoices and lines, XLSX")
        PDF_ZIP = "pdf_zip", _("invoices as PDF, ZIP")

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    kind = models.CharField(_("what"), max_length=12, choices=Kind)
    month = models.DateField(_("month"))
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.QUEUED)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    file = models.FileField(max_length=300, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    error = models.TextField(blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    leased_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        default_permissions = ()
        constraints = [*owned("export")]
        indexes = [models.Index(fields=["operator", "-created_at"], name="export_newest")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.month:%Y-%m}"
