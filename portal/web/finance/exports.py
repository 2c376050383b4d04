"""What accounting takes out: files of some days, made in the background, kept with their SHA-256, rows and sums."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dates import MONTHS
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from billing.domain.errors import BillingError
from billing.exports import sie, tax_files
from billing.models import Export, ExportTaken, Invoice
from billing.selectors import exports as selector
from billing.selectors import invoice_sums, invoices
from billing.services import export_packages
from billing.services import exports as services
from billing.services.exports import How
from billing.sql.documents import month as whole_month
from portal.files.tables import FileColumn
from portal.files.zip import zip_of_files
from portal.gate.access import SignedInRequest, operator_view
from portal.web import list_files, lists, tables
from portal.web.months import MonthField
from portal.web.periods import DayField, PeriodForm
from portal.web.tables import Column
from portal.web.tables import Table as ListTable
from portal.words import exports as exports_words
from portal.words.say import why
from tenants.models import Operator
from tenants.permissions import Permission

MADE = ListTable(
    "downloads",
    (
        Column("file", _("File"), by="kind", is_fixed=True),
        Column("month", _("Days"), by="month"),
        Column("asked", _("Asked for"), by="created_at", is_indexed=True),
        Column("state", _("State"), by="state"),
        Column("rows", _("Rows"), css="num"),
        Column("sums", _("Sums")),
        Column("sha256", "SHA-256", is_optional=True),
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


#: What Skatteverket is told.
RETURNS = (Export.Kind.VAT_RETURN.value, Export.Kind.EC_RETURN.value)


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
    """A month that another page names."""

    month = MonthField()


class SpanForm(forms.Form):
    """Of which days files are made, and by which of their days things belong to them."""

    dated_by = forms.ChoiceField(label=_("By which day"), choices=Export.DatedBy)
    first_day = DayField(label=_("From"))
    last_day = DayField(label=_("To"))

    def clean(self) -> dict[str, Any]:
        """Ask for days in their order; months of charging are whole."""
        data = super().clean() or {}
        if self.errors:
            return data
        if data["first_day"] > data["last_day"]:
            self.add_error("last_day", gettext("The last day is before the first."))
        elif data["dated_by"] == Export.DatedBy.CHARGED:
            data["first_day"] = data["first_day"].replace(day=1)
            data["last_day"] = whole_month(data["last_day"])[1]
        return data


class RequestForm(SpanForm):
    """What is made in the background."""

    kind = forms.ChoiceField(choices=[(kind, kind) for kind in exports_words.HOLDS])
    form = forms.ChoiceField(choices=Export.Form, required=False)


def _boxes_abroad() -> list[tuple[str, str]]:
    return [(box, gettext("box %(box)s") % {"box": box}) for box in tax_files.BOXES_ABROAD]


class ReturnForm(forms.Form):
    """Of which months a return is, and what the portal does not know."""

    first = MonthField(label=_("From"))
    last = MonthField(label=_("To"))
    abroad = forms.ChoiceField(
        label=_("Electricity sold abroad"),
        choices=_boxes_abroad,
        help_text=_("To dealers in other EU countries, or at their VAT. Ask your accountant."),
    )
    input_vat = forms.IntegerField(
        label=_("Other input VAT (box 48)"),
        required=False,
        min_value=0,
        max_value=999_999_999_999,
        help_text=_("In whole kronor. That of hosts' self-billed invoices is added from the ledger."),
    )

    def clean(self) -> dict[str, Any]:
        """Ask for months in their order."""
        data = super().clean() or {}
        if not self.errors and data["first"] > data["last"]:
            self.add_error("last", gettext("The last month is before the first."))
        return data


class VouchersForm(forms.Form):
    """Which documents become vouchers, by the day they are booked on, and how."""

    first_day = DayField(label=_("Booked from"))
    last_day = DayField(label=_("To"))
    by_day = forms.TypedChoiceField(
        label=_("A voucher"),
        choices=[("", _("for each document")), ("1", _("for each day"))],
        coerce=bool,
        required=False,
    )
    program = forms.ChoiceField(
        label=_("Program"),
        choices=[(key, profile.name) for key, profile in sie.PROFILES.items()],
        help_text=_("Visma books on 1510 by itself: the file says 1518 there."),
    )
    year_begins = forms.TypedChoiceField(
        label=_("Financial year begins in"), choices=list(MONTHS.items()), coerce=int, initial=1
    )
    again = forms.BooleanField(
        label=_("Also what stands in an earlier file"),
        required=False,
        help_text=_("Otherwise no document is in two files."),
    )
    payments = forms.BooleanField(
        label=_("Also payments, and what was paid to hosts"),
        required=False,
        help_text=_("Not if the bank hands them to the accounting program."),
    )

    def clean(self) -> dict[str, Any]:
        """Ask for days in their order."""
        data = super().clean() or {}
        if not self.errors and data["first_day"] > data["last_day"]:
            self.add_error("last_day", gettext("The last day is before the first."))
        return data


@dataclass(frozen=True, slots=True)
class Asked:
    """Which days a page is about, as its address says them."""

    form: SpanForm
    by: str
    days: tuple[date, date]

    @property
    def query(self) -> dict[str, str]:
        """The address again."""
        return {"dated_by": self.by, "first_day": f"{self.days[0]}", "last_day": f"{self.days[1]}"}


def _asked(request: SignedInRequest, operator: Operator) -> Asked:
    """The days that are asked for; a month's where only that is named, or nothing."""
    named = MonthForm(request.GET)
    month = named.cleaned_data["month"] if named.is_valid() else None
    usual = whole_month(month or invoices.newest_dated() or _last_month(operator))
    start = {"dated_by": Export.DatedBy.ISSUED, "first_day": usual[0], "last_day": usual[1]}
    form = SpanForm(request.GET if "first_day" in request.GET else start)
    if not form.is_valid():
        return Asked(form, Export.DatedBy.ISSUED, usual)
    data = form.cleaned_data
    shown = SpanForm(data)
    shown.is_valid()
    return Asked(shown, data["dated_by"], (data["first_day"], data["last_day"]))


def _usual_vouchers(chosen: Asked) -> VouchersForm:
    """The form of vouchers, with the days of the page and the program of the last file."""
    days = {"first_day": chosen.days[0], "last_day": chosen.days[1]}
    return VouchersForm(initial={**days, **selector.voucher_options()}, auto_id="vouchers_%s")


def _usual_return(chosen: Asked) -> ReturnForm:
    """The form of returns, with the months of the page."""
    months = {"first": chosen.days[0].replace(day=1), "last": chosen.days[1].replace(day=1)}
    return ReturnForm(initial=months, auto_id="return_%s")


@operator_view(Permission.EXPORT_FINANCE)
def export_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Choose days and a kind of file; below, what was made before and what is being made. The sums come after."""
    chosen = _asked(request, operator)
    documents = Invoice.objects.filter(invoices.within(chosen.by, *chosen.days))
    sums = invoice_sums.of(documents) if "totals" in request.GET else None
    asked = {"sums": sums, "asked": urlencode({**chosen.query, "totals": "now"})}
    if request.htmx and sums is not None:
        return render(request, "finance/exports/_sums.html", asked)
    rows = selector.listing()
    shown = tables.shown(MADE, request).within(rows)
    made = shown.page(rows, request)
    page = {
        "nav": "exports",
        "span_form": chosen.form,
        "return_form": _usual_return(chosen),
        "vouchers_form": _usual_vouchers(chosen),
        "span": chosen,
        "has_documents": documents.exists(),
        "offers": exports_words.offers(chosen.by),
        "shown": shown,
        "page": made,
        "made": [(exports_words.named(export), exports_words.sums(export), export) for export in made],
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
            FileColumn(gettext("File"), exports_words.named),
            FileColumn(gettext("Days"), exports_words.dated),
            FileColumn(gettext("By which day"), lambda row: str(row.get_dated_by_display())),
            FileColumn(
                gettext("Asked for"),
                lambda row: row.created_at.astimezone(operator.zone).replace(tzinfo=None, microsecond=0),
            ),
            FileColumn(gettext("Time zone"), lambda row: operator.time_zone),
            FileColumn(gettext("Asked for by"), lambda row: str(row.requested_by) if row.requested_by else None),
            FileColumn(gettext("State"), lambda row: str(row.get_state_display())),
            FileColumn(gettext("Rows"), lambda row: row.rows),
            FileColumn(gettext("Sums"), lambda row: ", ".join(exports_words.sums(row)) or None),
            FileColumn("SHA-256", lambda row: row.sha256 or None),
        ],
        back=reverse("finance:export_list", args=[operator.slug]),
    )


@operator_view(Permission.EXPORT_FINANCE, takes_out=True)
def taken_export(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send exactly the listed downloads as a file."""
    filters = TakenFilter(request.GET, operator=operator)
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
        back=reverse("finance:export_taken", args=[operator.slug]),
    )


@operator_view(Permission.EXPORT_FINANCE)
@require_POST
def export_new(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Ask for a file that is made in the background."""
    form = RequestForm(request.POST)
    back = reverse("finance:export_list", args=[operator.slug])
    if not form.is_valid():
        messages.error(request, gettext("Choose days and a kind of file."))
        return redirect(back)
    data = form.cleaned_data
    days = (data["first_day"], data["last_day"])
    how: dict[str, Any] = {"kind": data["kind"], "form": data["form"], "dated_by": data["dated_by"]}
    try:
        services.request(**how, month=days[0], days=days, by=request.user, at=timezone.now())
    except ValueError:
        messages.error(request, gettext("This kind of file does not go by such days."))
    except BillingError as problem:
        messages.error(request, why(problem))
    return redirect(f"{back}?{urlencode(Asked(form, data['dated_by'], days).query)}")


@operator_view(Permission.EXPORT_FINANCE)
@require_POST
def return_new(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Ask for a return to Skatteverket, which is made in the background."""
    form = ReturnForm(request.POST)
    back = redirect("finance:export_list", operator.slug)
    kind = request.POST.get("kind")
    if not form.is_valid() or kind not in RETURNS:
        messages.error(request, " ".join(str(text) for texts in form.errors.values() for text in texts))
        return back
    data = form.cleaned_data
    how = How(options={"abroad": data["abroad"], "input_vat": data["input_vat"] or 0, "hosts": True})
    days = (data["first"], whole_month(data["last"])[1])
    asked: dict[str, Any] = {
        "kind": kind,
        "month": days[0],
        "days": days,
        "dated_by": Export.DatedBy.BOOKED,
        "how": how,
    }
    try:
        services.request(**asked, by=request.user, at=timezone.now())
    except BillingError as problem:
        messages.error(request, why(problem))
    return back


@operator_view(Permission.EXPORT_FINANCE)
@require_POST
def export_repeat(request: SignedInRequest, operator: Operator, export_id: UUID) -> HttpResponse:
    """Ask for the same file once more, without what happened since."""
    export = selector.one(export_id)
    if export is None:
        raise Http404
    try:
        services.repeat(export, by=request.user, at=timezone.now())
    except BillingError as problem:
        messages.error(request, why(problem))
    return redirect("finance:export_list", operator.slug)


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
            dated_by=Export.DatedBy.BOOKED,
            how=How(
                by_day=bool(data["by_day"]),
                again=data["again"],
                payments=data["payments"],
                options={"program": data["program"], "year_begins": data["year_begins"]},
            ),
        )
    except BillingError as problem:
        messages.error(request, why(problem))
    return back


@operator_view(Permission.EXPORT_FINANCE)
@require_POST
def package_new(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Have all files made that the accountant gets of a month."""
    form = MonthForm(request.POST)
    if not form.is_valid():
        messages.error(request, gettext("Choose a month."))
        return redirect("finance:month_steps", operator.slug)
    month = form.cleaned_data["month"]
    try:
        refused = export_packages.ask(month, by=request.user, at=timezone.now())
    except BillingError as problem:
        refused = [problem]
    for refusal in refused:
        messages.error(request, why(refusal))
    return redirect(f"{reverse('finance:month_steps', args=[operator.slug])}?month={month:%Y-%m}")


@operator_view(Permission.EXPORT_FINANCE, step_up=True, takes_out=True)
def package_file(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send the files of a month as one archive; the log keeps who took each."""
    form = MonthForm(request.GET)
    month = form.cleaned_data["month"] if form.is_valid() else _last_month(operator)
    try:
        files = export_packages.opened(export_packages.of(month), by=request.user, at=timezone.now())
    except FileNotFoundError:
        messages.error(request, gettext("The files of this month are not made yet, or no longer kept."))
        return redirect(f"{reverse('finance:month_steps', args=[operator.slug])}?month={month:%Y-%m}")
    return zip_of_files(f"{operator.slug}-{month:%Y-%m}", files, operator=operator)


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


def _last_month(operator: Operator) -> date:
    """The last complete month by the operator's clock."""
    today = timezone.now().astimezone(operator.zone).date()
    year, month = divmod(today.year * 12 + today.month - 2, 12)
    return date(year, month + 1, 1)
