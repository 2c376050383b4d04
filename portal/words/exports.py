"""What the files for accounting are called."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.models import Export

FILES: dict[str, str | Promise] = {
    "invoices": _("Invoices, CSV"),
    "invoice-lines": _("Invoice lines, CSV"),
    Export.Kind.XLSX.value: _("Workbook, XLSX"),
    Export.Kind.PDF_ZIP.value: _("PDFs, ZIP"),
    Export.Kind.XML_ZIP.value: _("E-invoices, ZIP"),
    Export.Kind.SIE.value: _("Vouchers, SIE 4"),
}


def file_word(kind: str) -> str:
    """The file's name; a kind that is not known is shown as it is."""
    return str(FILES.get(kind, kind))


def dated(export: Export) -> str:
    """The days that the documents in it are dated on, as files say them."""
    if export.first_day is None:
        return f"{export.month:%Y-%m}"
    return f"{export.first_day}–{export.last_day}"
