"""Work in the background: what each kind is called, what one piece of it is, and why it was set aside."""

from collections.abc import Callable
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.models import (
    DocumentLetter,
    Export,
    ExportDelivery,
    LedgerWork,
    PaymentFile,
    PriceEffect,
    Pricing,
    Rendering,
    Rerating,
    RunChunk,
    Sending,
    Settlement,
)
from billing.selectors import waiting
from charging.models import FileImport, ImportLook, ImportUndo
from portal.words import measures
from tenants.models import (
    AuditCheck,
    Erasure,
    IncidentBundle,
    IncidentLetters,
    IncidentList,
    NoticeLetters,
    PasswordLetter,
    PersonPackage,
    RetentionNight,
    SearchIndex,
)
from tenants.models.work import Work

#: Each kind of work, as the log and the pages name it.
KINDS: dict[str, str | Promise] = {
    FileImport.work_kind: gettext_lazy("import of sessions"),
    ImportLook.work_kind: gettext_lazy("check of a file"),
    ImportUndo.work_kind: gettext_lazy("undoing of an import"),
    AuditCheck.work_kind: gettext_lazy("check of the audit log"),
    SearchIndex.work_kind: gettext_lazy("index of the search"),
    PasswordLetter.work_kind: gettext_lazy("e-mail with a link for a new password"),
    NoticeLetters.work_kind: gettext_lazy("letters about new words"),
    PersonPackage.work_kind: gettext_lazy("copy of a person's data"),
    Erasure.work_kind: gettext_lazy("erasure of a person"),
    IncidentList.work_kind: gettext_lazy("list of whom an incident concerns"),
    IncidentLetters.work_kind: gettext_lazy("letters about an incident"),
    IncidentBundle.work_kind: gettext_lazy("evidence of an incident"),
    RetentionNight.work_kind: gettext_lazy("removal of what was kept long enough"),
    RunChunk.work_kind: gettext_lazy("part of an invoice run"),
    Rerating.work_kind: gettext_lazy("re-rating of sessions"),
    Settlement.work_kind: gettext_lazy("settlement with hosts"),
    DocumentLetter.work_kind: gettext_lazy("invoice, reminder or statement by e-mail"),
    Pricing.work_kind: gettext_lazy("pricing of sessions"),
    PriceEffect.work_kind: gettext_lazy("effect of other prices"),
    PaymentFile.work_kind: gettext_lazy("import of payments"),
    Sending.work_kind: gettext_lazy("sending of an e-invoice"),
    LedgerWork.work_kind: gettext_lazy("booking of what is older than the ledger"),
    Rendering.work_kind: gettext_lazy("document as a PDF"),
    ExportDelivery.work_kind: gettext_lazy("file on its way"),
    "export_table": gettext_lazy("download of a table"),
    f"export_{Export.Kind.VAT_RETURN.value}": gettext_lazy("VAT return"),
    f"export_{Export.Kind.EC_RETURN.value}": gettext_lazy("EC sales list for Skatteverket"),
    f"export_{Export.Kind.XLSX.value}": gettext_lazy("download as a workbook"),
    f"export_{Export.Kind.PDF_ZIP.value}": gettext_lazy("download of all PDFs"),
    f"export_{Export.Kind.XML_ZIP.value}": gettext_lazy("download of all e-invoices"),
    f"export_{Export.Kind.SIE.value}": gettext_lazy("vouchers for the accounting program"),
}
#: What is searched, as `tenants.search` names it.
SUBJECTS: dict[str, str | Promise] = {
    "names": gettext_lazy("names of drivers"),
    "sessions": gettext_lazy("session ids"),
    "cards": gettext_lazy("UIDs of cards"),
    "printed numbers": gettext_lazy("printed numbers of cards"),
}
SENTENCES: dict[str, str | Promise] = {
    "unexpected": gettext_lazy("It failed in a way that was not foreseen (%(error)s)."),
    "worker_lost": gettext_lazy(
        "The worker stopped each time without a message: it was killed, or ran out of memory or time."
    ),
    "vouchers_left_out": gettext_lazy(
        "Left out: documents that stand in an earlier file (%(before)s), and those in another currency (%(numbers)s)."
    ),
    "letter_no_address": gettext_lazy("The payer has no e-mail address."),
    "letter_refused": gettext_lazy("The mail server refused it (%(answer)s)."),
    "letter_not_known": gettext_lazy(
        "Nobody knows whether it went out: the connection to the mail server, or the worker, was lost in the middle."
    ),
    "letter_server_away": gettext_lazy("The mail server cannot be reached: the letter is tried again, for a day."),
    "letter_asked_to_wait": gettext_lazy(
        "The mail server does not take it now (%(answer)s): the letter is tried again, for a day."
    ),
    "letter_too_late": gettext_lazy("The mail server could not be reached for a day."),
    "documents_missing": gettext_lazy("Some documents could not be made and are missing in the file: %(numbers)s."),
}


def work_word(kind: str) -> str:
    """What a kind of work is called; its code where it has no word."""
    return str(KINDS.get(kind, kind))


def piece(row: Work) -> str:
    """Which piece of work a row is, for somebody who knows the operator."""
    tell = _PIECES.get(type(row))
    return tell(row) if tell else str(row)


def _of_run(row: RunChunk) -> str:
    return _("%(month)s, %(count)s sessions") % {
        "month": measures.month(row.run.month),
        "count": measures.number(row.sessions),
    }


_PIECES: dict[type[Any], Callable[[Any], str]] = {
    RunChunk: _of_run,
    Settlement: lambda row: measures.month(row.month),
    Export: lambda row: measures.month(row.month),
    Pricing: lambda row: (
        _("sessions that wait, part %(part)s of %(parts)s") % {"part": row.share + 1, "parts": waiting.SHARES}
    ),
    ExportDelivery: lambda row: measures.month(row.export.month),
    LedgerWork: lambda row: _("documents and payments"),
    PriceEffect: lambda row: f"{row.tariff}, {measures.month(row.month)}",
    Erasure: lambda row: row.driver.customer_number,
    IncidentList: lambda row: row.incident.title,
    IncidentLetters: lambda row: row.incident.title,
    IncidentBundle: lambda row: row.incident.title,
    RetentionNight: lambda row: f"{row.night:%Y-%m-%d}",
    PersonPackage: lambda row: row.driver.customer_number,
    NoticeLetters: lambda row: _("version %(version)s") % {"version": row.version},
    AuditCheck: lambda row: _("the whole log"),
    SearchIndex: lambda row: str(SUBJECTS[row.subject]),
}
