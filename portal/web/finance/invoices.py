"""Invoices and credit notes: the list with its sums, one document with what stands on it, its PDF."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import redis
from django import forms
from django.core.cache import cache
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.documents import preview
from billing.domain import money
from billing.models import Invoice, LedgerEntry
from billing.selectors import (
    credits,
    disputes,
    fees,
    invoice_people,
    invoice_sums,
    invoices,
    ledger,
    letters,
    openings,
    payments,
    reminders,
    write_offs,
)
from billing.selectors.invoice_people import Person
from billing.selectors.invoice_sums import Sums
from billing.services import documents
from portal.files.pdf import pdf_file
from portal.files.tables import FileColumn
from portal.gate.access import SignedInRequest, operator_view
from portal.gate.events import Event
from portal.web import list_files, lists, tables
from portal.web.months import MonthField
from portal.web.tables import Column, Table
from portal.words import invoice_life
from portal.words import invoices as invoice_words
from portal.words import sendings as sending_words
from portal.words.states import told
from tenants.crypto import Shut
from tenants.log import audit
from tenants.marks import mark
from tenants.models import Account, Operator
from tenants.permissions import Permission
from tenants.services import mail

#: Of a document with very many; the PDF holds all of them.
SESSIONS_SHOWN = 200
#: Whose they are, where they do not stand on one page.
PEOPLE_SHOWN = 50
#: Open disputes that are named one by one.
DISPUTES_SHOWN = 10
#: Pages of a document that one person looks at within this time are one look.
LOOK = timedelta(hours=1)


STATES = [
    ("", _("All")),
    (Invoice.State.DRAFT.value, Invoice.State.DRAFT.label),
    (Invoice.State.ISSUED.value, Invoice.State.ISSUED.label),
    (invoices.OPEN, _("open")),
    (invoices.OVERDUE, _("overdue")),
    (invoices.PART_PAID, _("part paid")),
    (invoices.PAID, _("paid")),
    (invoices.DISPUTED, _("disputed")),
    (invoices.CREDITED, _("credited")),
    (invoices.WRITTEN_OFF, _("written off")),
]
INVOICES = Table(
    "invoices",
    (
        Column("number", _("Number"), is_fixed=True),
        Column("customer", _("Customer")),
        Column("month", _("Month"), by="month", is_indexed=True),
        Column("state", _("State")),
        Column("dated", _("Dated"), is_optional=True),
        Column("due", _("Due")),
        Column("sessions", _("Sessions"), css="num rest"),
        Column("excl", _("Excl. VAT"), css="num", is_optional=True),
        Column("amount", _("Amount due"), by="amount_due", css="num", is_indexed=True),
    ),
    order="-month",
)


class InvoiceFilter(forms.Form):
    """The filter bar above the list. Everything is optional; what cannot be read narrows nothing."""

    search = forms.CharField(
        label=_("Number, OCR, amount or customer"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    month = MonthField(label=_("Month of charging"), required=False)
    dated = MonthField(label=_("Dated in"), required=False)
    kind = forms.ChoiceField(label=_("Kind"), choices=[("", _("All")), *Invoice.Kind.choices], required=False)
    state = forms.ChoiceField(label=_("State"), choices=STATES, required=False)

    def criteria(self) -> dict[str, Any]:
        """What `invoices.listing` is asked for."""
        self.full_clean()
        return {name: value for name, value in self.cleaned_data.items() if value}


@operator_view(Permission.VIEW_INVOICES)
def invoice_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List invoices and credit notes, newest month first, with the sums of all that match."""
    if tidy := lists.untidy(request):
        return tidy
    filters, shown = InvoiceFilter(request.GET), tables.shown(INVOICES, request)
    criteria = filters.criteria()
    rows = invoices.listing(**criteria, today=_today(operator))
    found: dict[str, Any] = {
        "sums": _sums(criteria, rows, request),
        "asked": lists.with_totals(request),
        "shown": shown,
    }
    if request.htmx and "totals" in request.GET:
        return render(request, "finance/invoices/_sums.html", found)
    found |= {"nav": "invoices", "filters": filters, "page": shown.page(rows, request)}
    return render(request, "finance/invoices/list.html", found)


def _today(operator: Operator) -> date:
    return timezone.now().astimezone(operator.zone).date()


def _sums(criteria: dict[str, Any], rows: QuerySet[Invoice], request: SignedInRequest) -> list[Sums] | None:
    """The sums of all that match; what a search finds may be much, so that is summed when the page stands."""
    if criteria.keys() <= {"month", "kind", "state"} and criteria.get("state", "") in ("", *Invoice.State):
        return invoice_sums.of_all(**criteria)
    return invoice_sums.of(rows) if "totals" in request.GET else None


@operator_view(Permission.VIEW_INVOICES, step_up=True, takes_out=True)
def invoice_export(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send exactly the listed documents as a file, in their order."""
    filters, shown = InvoiceFilter(request.GET), tables.shown(INVOICES, request)
    return list_files.answer(
        request,
        shown,
        invoices.listing(**filters.criteria(), today=_today(operator)),
        filters=filters,
        columns=_file_columns(operator),
        back=reverse("finance:invoice_list", args=[operator.slug]),
    )


def _file_columns(operator: Operator) -> list[FileColumn]:
    return [
        FileColumn(gettext("Number"), lambda row: str(row) if row.number else None),
        FileColumn(gettext("Kind"), lambda row: str(row.get_kind_display())),
        FileColumn(gettext("State"), lambda row: str(told(row).label)),
        FileColumn(gettext("Dated"), lambda row: row.issued_at and row.issued_at.astimezone(operator.zone).date()),
        FileColumn(gettext("Due"), lambda row: row.due_on),
        FileColumn(gettext("Month"), lambda row: f"{row.month:%Y-%m}"),
        FileColumn(gettext("OCR reference"), lambda row: row.payment_reference),
        FileColumn(gettext("Customer number"), lambda row: row.customer),
        FileColumn(gettext("Customer"), lambda row: row.buyer.name),
        FileColumn(gettext("Sessions"), lambda row: row.session_count),
        FileColumn(gettext("Energy (kWh)"), lambda row: Decimal(row.energy_wh).scaleb(-3)),
        FileColumn(gettext("Currency"), lambda row: row.currency),
        FileColumn(gettext("Amount excl. VAT"), lambda row: row.amount_excl_vat, is_amount=True),
        FileColumn(gettext("VAT"), lambda row: row.vat, is_amount=True),
        FileColumn(gettext("Amount due"), lambda row: row.amount_due, is_amount=True),
        FileColumn(gettext("Paid"), lambda row: _coins(row.paid, row), is_amount=True),
        FileColumn(gettext("Written off"), lambda row: _coins(row.written_off, row), is_amount=True),
        FileColumn(gettext("Unpaid"), lambda row: _coins(row.rest, row), is_amount=True),
        FileColumn(gettext("Disputed of that"), lambda row: _coins(_waits(row), row), is_amount=True),
    ]


def _waits(row: Any) -> int | None:
    """What of the rest of a listed invoice is disputed."""
    return None if row.rest is None else max(0, min(row.rest, row.disputed))


def _coins(amount: int | None, row: Invoice) -> Decimal | None:
    return None if amount is None else money.from_minor(amount, row.currency)


@operator_view(Permission.VIEW_INVOICES)
def invoice_detail(request: SignedInRequest, operator: Operator, invoice_id: UUID) -> HttpResponse:
    """Show one document: who to whom, sessions and fees with their lines, VAT by rate, what is due and was credited."""
    invoice = invoice_or_404(invoice_id)
    of_fees = fees.lines(invoice)
    notes = credits.notes(invoice) if invoice.kind == Invoice.Kind.INVOICE else []
    page = {
        "nav": "invoices",
        "invoice": invoice,
        **_sessions(invoice, request, is_credited=bool(notes)),
        "fees": invoice_words.of_fees(of_fees),
        "fees_basis": invoice_words.basis(of_fees),
        "vat_rows": invoice_words.vat_rows(invoice),
        "notes": notes,
        "matches": payments.of_invoice(invoice),
        "write_offs": write_offs.of_invoice(invoice),
        "receivable": payments.receivable(invoice),
        "disputes": disputes.of_invoice(invoice, most=DISPUTES_SHOWN),
        **sending_words.shown(invoice),
        "reminders": reminders.of_invoice(invoice),
        "letters": letters.of_invoice(invoice),
        "can_send": mail.can_send(),
        "can_be_shown": documents.can_be_shown(invoice),
        "bookings": ledger.bookings_of(LedgerEntry.Kind.DOCUMENT, invoice.pk),
        "seller": invoice.seller or particulars(operator),
    }
    page["life"] = invoice_life.events(invoice, page, opened_at=openings.first(invoice), zone=operator.zone)
    return render(request, "finance/invoices/detail.html", page)


def _sessions(invoice: Invoice, request: SignedInRequest, *, is_credited: bool) -> dict[str, Any]:
    """A page of sessions with their lines; of who pays for others, by whose they are.

    Where these are too many for a page, it is everybody with what they come to, each of whom opens theirs.
    """
    plain = {"people": [], "is_one_of_many": False, "is_mixed": False, "query": ""}
    if invoice.account.kind == Account.Kind.PRIVATE:
        shown = lists.numbered(invoices.sessions(invoice), request, size=SESSIONS_SHOWN)
        groups, basis = _lines(invoice, shown, is_credited=is_credited)
        return {**plain, "shown": shown, "groups": [([], group) for group in groups], "basis": basis}
    people = invoice_people.of(invoice)
    of_all, chosen = people.sessions, _chosen(people.everybody, request)
    is_divided = len(of_all) > SESSIONS_SHOWN and len(people.everybody) > 1
    if is_divided and chosen is None:
        shown_people = lists.numbered(list(enumerate(people.everybody, 1)), request, size=PEOPLE_SHOWN)
        names = invoice_people.named(person for _place, person in shown_people)
        rows = invoice_words.everybody(shown_people, names, invoice.currency)
        return {**plain, "shown": shown_people, "people": rows, "basis": invoice_words.basis_of(people)}
    shown = lists.numbered(chosen.sessions if chosen else of_all, request, size=SESSIONS_SHOWN)
    groups, basis = _lines(invoice, shown, is_credited=is_credited)
    found = {**plain, "shown": shown, "basis": basis, "is_mixed": people.is_mixed}
    found |= {"is_one_of_many": is_divided, "query": f"who={request.GET['who']}" if chosen else ""}
    return {**found, "groups": invoice_words.headed(groups, people, invoice.currency)}


def _lines(
    invoice: Invoice, sessions: Iterable[int], *, is_credited: bool
) -> tuple[list[invoice_words.SessionLines], str]:
    """These sessions with their lines, and whether amounts include VAT."""
    lines = invoices.lines(invoice, of=sessions)
    credited = credits.by_position(invoice, lines) if is_credited else None
    return invoice_words.by_session(invoice, lines, credited), invoice_words.basis(lines)


def _chosen(people: Sequence[Person], request: SignedInRequest) -> Person | None:
    """Who is asked for, by their place; None where nobody is, or there is no such."""
    text = request.GET.get("who", "")
    place = int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else 0
    return people[place - 1] if 0 < place <= len(people) else None


@operator_view(Permission.VIEW_INVOICES, takes_out=True)
def invoice_pdf(request: SignedInRequest, operator: Operator, invoice_id: UUID) -> HttpResponse:
    """Send the document; the log keeps who took it."""
    invoice = invoice_or_404(invoice_id)
    if invoice.state != Invoice.State.ISSUED:
        raise Http404
    try:
        content = documents.pdf(invoice)
    except Shut:  # of somebody erased: whoever needs it says what for
        return redirect("finance:invoice_kept", operator.slug, invoice.public_id)
    audit.record(Event.INVOICE_DOWNLOADED, about=invoice)
    return pdf_file(str(invoice), content)


@operator_view(Permission.VIEW_INVOICES)
def invoice_pages(request: SignedInRequest, operator: Operator, invoice_id: UUID) -> HttpResponse:
    """Show every page of a document as a picture; each is drawn when it comes in sight."""
    invoice, content = _shown_or_404(invoice_id)
    count = preview.count(content)
    page = {"nav": "invoices", "invoice": invoice, "numbers": range(1, count + 1), "count": count}
    return render(request, "finance/invoices/pages.html", page)


@operator_view(Permission.VIEW_INVOICES)
def invoice_page(request: SignedInRequest, operator: Operator, invoice_id: UUID, number: int) -> HttpResponse:
    """Answer with the picture of one page, which whoever only looks sees too; the log keeps who has seen the document.

    A picture holds what the file holds, but is asked for by the page itself, a page of the document at a time.
    """
    invoice, content = _shown_or_404(invoice_id)
    try:
        picture = preview.page(content, number)
    except IndexError:
        raise Http404 from None
    if _is_first_look(request, invoice):
        audit.record(Event.INVOICE_PAGES_SHOWN, about=invoice)
    return HttpResponse(picture, content_type="image/png")


def _is_first_look(request: SignedInRequest, invoice: Invoice) -> bool:
    """Whether this person has not seen the document within the hour; while nothing can be kept, nobody has."""
    key = mark(f"{request.user.pk}:{invoice.pk}", purpose="invoice-pages")
    try:
        return cache.add(f"invoice-pages:{key}", 1, timeout=int(LOOK.total_seconds()))
    except (redis.RedisError, OSError):
        return True


def _shown_or_404(invoice_id: UUID) -> tuple[Invoice, bytes]:
    """The document and its stored PDF: nothing is set for a look, and nothing opened that is kept for bookkeeping."""
    invoice = invoice_or_404(invoice_id)
    content = documents.stored(invoice) if documents.can_be_shown(invoice) else None
    if content is None:
        raise Http404
    return invoice, content


def invoice_or_404(invoice_id: UUID) -> Invoice:
    """The document, or a page that does not exist."""
    invoice = invoices.one(invoice_id)
    if invoice is None:
        raise Http404
    return invoice


def particulars(operator: Operator) -> dict[str, Any]:
    """The seller as a draft would name it if it were issued now."""
    names = ("name", "legal_name", "organisation_number", "vat_number", "street", "postal_code", "city", "email")
    return {name: getattr(operator, name) for name in names}
