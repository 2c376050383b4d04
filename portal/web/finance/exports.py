"""Downloads of the documents dated in a month, for the accountant: CSV at once, XLSX and PDFs made in the background.

A CSV is sent while PostgreSQL writes it, so it may be of any length; the other kinds are asked for, made
by a worker, and kept with their SHA-256.
"""

from datetime import date
from functools import cached_property, partial
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from billing.domain.errors import BillingError
from billing.events import Event
from billing.exports import csv_files
from billing.exports.tables import INVOICES, LINES, Table
from billing.models import Export, ExportTaken, Invoice
from billing.selectors import exports as selector
from billing.selectors import invoice_sums, invoices
from billing.services import exports as services
from billing.sql.documents import month as whole_month
from portal.files import streamed
from portal.files.tables import Column as FileColumn
from portal.gate.access import SignedInRequest, operator_view
from portal.web import list_files, lists, tables
from portal.web.months import MonthField
from portal.web.periods import DayField, PeriodForm
from portal.web.tables import Column
from portal.web.tables import Table as ListTable
from portal.words import exports as exports_words
from portal.words.say import why
from tenants.log import audit
from tenants.models import Operator
from tenants.permissions import Permission

MADE = ListTable(
    "downloads",
    (
        Column("file", _("File"), by="kind", is_fixed=True),
        Column("month", _("Month"), by="month"),
        Column("asked", _("Asked for"), by="created_at", is_indexed=True),
        Column("state", _("State"), by="state"),
        Column("sha256", "SHA-256"),
    ),
    order="-asked",
)
TAKEN = ListTable(
    "downloads-taken",
    (
        Column("file", _("File"), by="kind", is_fixed=True),
        Column("month", _("Dated in"), by="month"),
        Column("by", _("Downloaded by")),
        Column("at", _("When"), by="taken_at", is_indexed=True),
    ),
    order="-at",
)


class TakenFilter(PeriodForm):
    """Which downloads are listed. Days are those on which somebody took the file."""

    kind = forms.ChoiceField(label=_("File"), required=False, choices=[("", _("All")), *exports_words.FILES.items()])

    @cached_property
    def rows(self) -> QuerySet[ExportTaken]:
        """The downloads that the filter means; none when it cannot be read."""
        if not self.is_valid():
            return ExportTaken.objects.none()
        return selector.taken(kind=self.cleaned_data["kind"], **self.span())


class MonthForm(forms.Form):
    """The documents dated in which month are downloaded."""

    month = MonthField(label=_("Dated in"))


class RequestForm(MonthForm):
    """What is made in the background."""

    kind = forms.ChoiceField(choices=[(kind, label) for kind, label in Export.Kind.choices if kind != Export.Kind.SIE])


class VouchersForm(forms.Form):
    """Which documents become vouchers, by the day they are dated on, and how."""

    first_day = DayField(label=_("From"))
    last_day = DayField(label=_("To"))
    by_day = forms.TypedChoiceField(
        label=_("A voucher"),
        choices=[("", _("for each document")), ("1", _("for each day"))],
        coerce=bool,
        required=False,
    )
    again = forms.BooleanField(
        label=_("Also what stands in an earlier file"),
        required=False,
        help_text=_("Otherwise no document is in two files."),
    )
    payments = forms.BooleanField(
        label=_("Also payments"),
        required=False,
        help_text=_("Not if the bank hands them to the accounting program."),
    )

    def clean(self) -> dict[str, Any]:
        """Ask for days in their order."""
        data = super().clean() or {}
        if not self.errors and data["first_day"] > data["last_day"]:
            self.add_error("last_day", gettext("The last day is before the first."))
        return data


@operator_view(Permission.EXPORT_FINANCE)
def export_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Choose a month and a kind of file; below, what was made before and what is being made. The sums come after."""
    usual = invoices.newest_dated() or _last_month(operator)
    form = MonthForm({"month": request.GET.get("month") or f"{usual:%Y-%m}"})
    month = form.cleaned_data["month"] if form.is_valid() else usual
    documents = Invoice.objects.filter(invoices.dated_in(month))
    sums = invoice_sums.of(documents) if "totals" in request.GET else None
    asked = {"sums": sums, "asked": lists.with_totals(request)}
    if request.htmx and sums is not None:
        return render(request, "finance/exports/_sums.html", asked)
    rows = selector.listing()
    shown = tables.shown(MADE, request).within(rows)
    made = shown.page(rows, request)
    page = {
        "nav": "exports",
        "month_form": form,
        "vouchers_form": VouchersForm(initial=dict(zip(("first_day", "last_day"), whole_month(month), strict=True))),
        "month": month,
        "has_documents": documents.exists(),
        "shown": shown,
        "page": made,
        "kept_days": services.kept_days(),
        "is_working": any(export.is_open for export in made),
    }
    return render(request, "finance/exports/list.html", page | asked)


@operator_view(Permission.EXPORT_FINANCE)
def export_taken(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List who downloaded what, the newest first unless sorted otherwise."""
    if tidy := lists.untidy(request):
        return tidy
    filters = TakenFilter(request.GET, operator=operator)
    shown = tables.shown(TAKEN, request).within(filters.rows)
    page = shown.page(filters.rows, request)
    context = {
        "nav": "exports",
        "filters": filters,
        "shown": shown,
        "page": page,
        "taken": [(exports_words.file_word(row.kind), row) for row in page.rows],
        "total": filters.rows.count(),
        "crumbs": [(gettext("Downloads"), reverse("finance:export_list", args=[operator.slug]))],
    }
    return render(request, "finance/exports/taken.html", context)


@operator_view(Permission.EXPORT_FINANCE, takes_out=True)
def made_export(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send exactly the list of what was made in the background as a file."""
    return list_files.answer(
        request,
        tables.shown(MADE, request),
        selector.listing(),
        columns=[
            FileColumn(gettext("File"), lambda row: str(row.get_kind_display())),
            FileColumn(gettext("Dated in"), exports_words.dated),
            FileColumn(
                gettext("Asked for"),
                lambda row: row.created_at.astimezone(operator.zone).replace(tzinfo=None, microsecond=0),
            ),
            FileColumn(gettext("Time zone"), lambda row: operator.time_zone),
            FileColumn(gettext("Asked for by"), lambda row: str(row.requested_by) if row.requested_by else None),
            FileColumn(gettext("State"), lambda row: str(row.get_state_display())),
            FileColumn("SHA-256", lambda row: row.sha256 or None),
        ],
        back=reverse("finance:export_list", args=[operator.slug]),
    )


@operator_view(Permission.EXPORT_FINANCE, takes_out=True)
def taken_export(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send exactly the listed downloads as a file."""
    filters = TakenFilter(request.GET, operator=operator)
    back = reverse("finance:export_taken", args=[operator.slug])
    if not filters.is_valid():
        return redirect(f"{back}?{filters.query()}")
    return list_files.answer(
        request,
        tables.shown(TAKEN, request),
        filters.rows,
        filters=filters,
        columns=[
            FileColumn(gettext("File"), lambda row: exports_words.file_word(row.kind)),
            FileColumn(gettext("Dated in"), lambda row: f"{row.month:%Y-%m}"),
            FileColumn(gettext("Downloaded by"), lambda row: str(row.taken_by) if row.taken_by else None),
            FileColumn(
                gettext("When"), lambda row: row.taken_at.astimezone(operator.zone).replace(tzinfo=None, microsecond=0)
            ),
            FileColumn(gettext("Time zone"), lambda row: operator.time_zone),
        ],
        back=back,
        days=filters.days_in_words(),
    )


@operator_view(Permission.EXPORT_FINANCE)
@require_POST
def export_new(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Ask for a file that is made in the background."""
    form = RequestForm(request.POST)
    if not form.is_valid():
        messages.error(request, gettext("Choose a month and a kind of file."))
        return redirect("finance:export_list", operator.slug)
    try:
        services.request(
            kind=form.cleaned_data["kind"], month=form.cleaned_data["month"], by=request.user, at=timezone.now()
        )
    except BillingError as problem:
        messages.error(request, why(problem))
    return redirect(f"{reverse('finance:export_list', args=[operator.slug])}?month={form.cleaned_data['month']:%Y-%m}")


@operator_view(Permission.EXPORT_FINANCE)
@require_POST
def vouchers_new(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Ask for vouchers of some days, which are made in the background."""
    form = VouchersForm(request.POST)
    back = redirect("finance:export_list", operator.slug)
    if not form.is_valid():
        messages.error(request, " ".join(str(text) for texts in form.errors.values() for text in texts))
        return back
    data = form.cleaned_data
    days = (data["first_day"], data["last_day"])
    try:
        services.request(
            kind=Export.Kind.SIE,
            month=days[0],
            by=request.user,
            at=timezone.now(),
            days=days,
            by_day=bool(data["by_day"]),
            again=data["again"],
            payments=data["payments"],
        )
    except BillingError as problem:
        messages.error(request, why(problem))
    return back


@operator_view(Permission.EXPORT_FINANCE, step_up=True, takes_out=True)
def export_file(request: SignedInRequest, operator: Operator, export_id: UUID) -> HttpResponseBase:
    """Send a file that was made before; the log keeps who took it."""
    export = selector.one(export_id)
    if export is None:
        raise Http404
    try:
        file = services.opened(export, by=request.user, at=timezone.now())
        return FileResponse(file, as_attachment=True, filename=services.file_name(export))
    except FileNotFoundError:
        raise Http404 from None


@operator_view(Permission.EXPORT_FINANCE, step_up=True, takes_out=True)
def invoices_csv(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send the month's issued invoices and credit notes as CSV, with the customers' names."""
    return _csv(request, operator, INVOICES, "invoices")


@operator_view(Permission.EXPORT_FINANCE, step_up=True, takes_out=True)
def lines_csv(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send the lines of the month's issued documents as CSV, with where and when each customer charged."""
    return _csv(request, operator, LINES, "invoice-lines")


def _csv(request: SignedInRequest, operator: Operator, table: Table, name: str) -> HttpResponseBase:
    form = MonthForm(request.GET)
    if not form.is_valid():
        return redirect("finance:export_list", operator.slug)
    month: date = form.cleaned_data["month"]
    audit.record(Event.EXPORT_DOWNLOADED, kind=name, month=f"{month:%Y-%m}")
    services.took(kind=name, month=month, by=request.user, at=timezone.now())
    pieces = partial(csv_files.pieces, table, operator, month)
    return streamed.sent(f"{name}-{month:%Y-%m}.csv", pieces, operator=operator)


def _last_month(operator: Operator) -> date:
    """The last complete month by the operator's clock."""
    today = timezone.now().astimezone(operator.zone).date()
    year, month = divmod(today.year * 12 + today.month - 2, 12)
    return date(year, month + 1, 1)
