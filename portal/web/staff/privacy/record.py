"""The record of processing (GDPR art. 30): as a page, as a file for a spreadsheet, and as a PDF."""

from functools import partial
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from billing.documents import pdf
from portal.files import tables
from portal.files.pdf import pdf_file
from portal.files.tables import FileColumn
from portal.gate.access import SignedInRequest, operator_view
from portal.gate.events import Event
from portal.words import privacy as words
from portal.words.privacy import Told
from tenants.log import audit
from tenants.models import Operator
from tenants.permissions import Permission
from tenants.privacy import record

TEMPLATE = "record.typ"


@operator_view(Permission.VIEW_PRIVACY)
def privacy_record(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show what personal data is processed for."""
    context = {
        "nav": "privacy",
        "controller": words.controller(operator),
        "purposes": _told(operator),
        "measures": words.measures(operator),
        "not_used": record.not_used(),
    }
    return render(request, "staff/privacy/record.html", context)


@operator_view(Permission.VIEW_PRIVACY, takes_out=True)
def privacy_record_csv(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send the record for a spreadsheet: a line a purpose, with the tables it rests on."""
    audit.record(Event.PRIVACY_RECORD_TAKEN, form="csv")
    pairs = [(words.told(each), each.tables) for each in record.processings(language=_language(operator))]
    names = [name for name, _value in pairs[0][0].facts]
    columns = [
        FileColumn(_("Purpose"), lambda row: row[0].title),
        FileColumn(_("What it is for"), lambda row: row[0].why),
        *(FileColumn(name, partial(_fact, at)) for at, name in enumerate(names)),
        FileColumn(_("Tables"), lambda row: ", ".join(row[1])),
    ]
    return tables.table_file(
        _name(operator), kind=tables.kind(""), columns=columns, rows=lambda: pairs, operator=operator
    )


@operator_view(Permission.VIEW_PRIVACY, takes_out=True)
def privacy_record_pdf(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show the record as a document."""
    audit.record(Event.PRIVACY_RECORD_TAKEN, form="pdf")
    content = pdf.render(_page(operator), at=timezone.now(), template=TEMPLATE)
    return pdf_file(_name(operator), content)


def _name(operator: Operator) -> str:
    name = _("record-of-processing")
    return f"{name}-{operator.slug}"


def _page(operator: Operator) -> dict[str, Any]:
    """The document as the template places it: plain text in the reader's language."""
    return {
        "lang": _language(operator),
        "title": _("Record of processing"),
        "law": _("GDPR art. 30(1)"),
        "name": operator.legal_name or operator.name,
        "made": date_format(timezone.now().astimezone(operator.zone), "DATE_FORMAT"),
        "controller": [list(fact) for fact in words.controller(operator)],
        "purposes": [
            {"title": each.title, "why": each.why, "facts": [list(fact) for fact in each.facts]}
            for each in _told(operator)
        ],
        "measures_title": _("How it is kept safe"),
        "measures": words.measures(operator),
        "page": _("Page"),
    }


def _fact(at: int, row: tuple[Told, tuple[str, ...]]) -> str:
    return row[0].facts[at][1]


def _told(operator: Operator) -> list[Told]:
    return [words.told(each) for each in record.processings(language=_language(operator))]


def _language(operator: Operator) -> str:
    return get_language() or operator.language
