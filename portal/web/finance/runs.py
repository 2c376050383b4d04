"""Invoice runs: start a month, watch it being drafted, look the drafts over, issue them or throw them away."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRefresh

from billing.domain.calendar import day_of
from billing.domain.errors import BillingError
from billing.models import InvoiceRun
from billing.selectors import invoices, letters, next_run, run_checks, runs, sendings
from billing.services import approved
from billing.services import letters as mailing
from billing.services import runs as services
from billing.services import second_person as services_of_two
from portal.files.tables import FileColumn
from portal.gate.access import SignedInRequest, operator_view
from portal.web import list_files, lists, second_person, tables
from portal.web.finance.run_checks import shown as checks_shown
from portal.web.tables import Column, Table
from portal.words import deliveries, measures
from portal.words.say import why
from tenants.models import Operator
from tenants.permissions import Permission
from tenants.selectors import approvals
from tenants.services import four_eyes, mail

REMARKS_SHOWN = 20
PROBLEMS_SHOWN = 200


RUNS = Table(
    "billing-runs",
    (
        Column("month", _("Month"), by="month", is_indexed=True, is_fixed=True),
        Column("state", _("State"), by="state"),
        Column("invoices", _("Invoices"), css="num rest"),
        Column("sessions", _("Sessions"), by="sessions_total", css="num"),
        Column("amount", _("Amount due"), css="num"),
        Column("issued", _("Issued")),
        Column("started", _("Started"), by="started_at", is_optional=True),
    ),
    order="-month",
)
RUN = Table(
    "runs",
    (
        Column("invoice", _("Invoice"), is_fixed=True),
        Column("customer", _("Customer")),
        Column("sessions", _("Sessions"), by="session_count", css="num"),
        Column("energy", _("Energy"), by="energy_wh", css="num"),
        Column("amount", _("Amount due"), by="amount_due", css="num", is_indexed=True),
    ),
    order="-amount",
)


class SearchForm(forms.Form):
    """Whose invoice is looked for in a run."""

    q = forms.CharField(label=_("Number, amount or customer"), required=False, max_length=100, widget=forms.SearchInput)


class MonthForm(forms.Form):
    """Which month to bill: one that is complete and has no run yet."""

    month = forms.ChoiceField(label=_("Month"))

    def __init__(self, *args: Any, months: list[date], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["month"]
        field.choices = [(f"{month:%Y-%m}", measures.month(month)) for month in months]

    def chosen(self) -> date:
        """The first day of the month."""
        return date.fromisoformat(f"{self.cleaned_data['month']}-01")


@operator_view(Permission.VIEW_INVOICES)
def run_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List the runs, the newest month first unless sorted otherwise, and show what waits for the next one."""
    rows = runs.listing()
    shown = tables.shown(RUNS, request)
    found = shown.page(rows, request)
    page: dict[str, Any] = {"nav": "runs", "shown": shown, "page": found, "runs": runs.told(found.rows)}
    if request.access.may(Permission.RUN_BILLING):
        page |= _next_run(request, operator)
    return render(request, "finance/runs/list.html", page)


@operator_view(Permission.VIEW_INVOICES, takes_out=True)
def run_export(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send the runs as a file."""
    return list_files.answer(
        request,
        tables.shown(RUNS, request),
        runs.listing(),
        columns=[
            FileColumn(gettext("Month"), lambda row: f"{row.run.month:%Y-%m}"),
            FileColumn(gettext("State"), lambda row: str(row.run.get_state_display())),
            FileColumn(gettext("Invoices"), lambda row: row.invoice_count),
            FileColumn(gettext("Sessions"), lambda row: row.run.sessions_total),
            FileColumn(gettext("Amount due"), lambda row: row.amount_due, is_amount=True),
            FileColumn(gettext("Currency"), lambda row: operator.currency),
            FileColumn(gettext("Issued"), lambda row: _day(row.run.issued_at, operator)),
            FileColumn(gettext("Issued by"), lambda row: str(row.run.issued_by) if row.run.issued_by else None),
        ],
        back=reverse("finance:run_list", args=[operator.slug]),
        read=runs.told,
    )


def _day(moment: datetime | None, operator: Operator) -> date | None:
    return moment and moment.astimezone(operator.zone).date()


@operator_view(Permission.RUN_BILLING)
@require_POST
def run_start(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Start the run of a month; its invoices are drafted in the background."""
    form = MonthForm(request.POST, months=_months(operator))
    if not form.is_valid():
        messages.error(request, gettext("This month cannot be billed: it has a run already, or has not ended."))
        return redirect("finance:run_list", operator.slug)
    run = services.start(month=form.chosen(), by=request.user, at=timezone.now())
    return redirect("finance:run_detail", operator.slug, run.public_id)


@operator_view(Permission.VIEW_INVOICES)
def run_detail(request: SignedInRequest, operator: Operator, run_id: UUID) -> HttpResponse:
    """Show how far a run is, what it drafted, and what could not be billed."""
    run = _run_or_404(run_id)
    if tidy := lists.untidy(request):
        return tidy
    if "X-Poll" in request.headers and run.state != InvoiceRun.State.RUNNING:
        return HttpResponseClientRefresh()  # drafted: the header's state and buttons change as well
    page = {"nav": "runs", "run": run, "progress": runs.progress(run), "problems": runs.problems(run)[:PROBLEMS_SHOWN]}
    page |= _drafted(request, operator, run) | _listed(request, run)
    page["to_mail"] = letters.to_mail(run) if run.state == InvoiceRun.State.ISSUED and mail.can_send() else 0
    return render(request, "finance/runs/detail.html", page | {"compared": run_checks.compared(run)})


@operator_view(Permission.ISSUE_INVOICES, step_up=True)
def run_issue(request: SignedInRequest, operator: Operator, run_id: UUID) -> HttpResponse:
    """Ask once more, with count and sum; then number and freeze every draft, or ask a second person to let it be."""
    run = _run_or_404(run_id)
    needs_second = four_eyes.is_needed(approved.ISSUE)
    if request.method != "POST":
        page = {"nav": "runs", "run": run, "needs_second": needs_second, **_drafted(request, operator, run)}
        page["approval"] = approvals.open_about(approved.ISSUE, run.public_id, at=timezone.now())
        page["today"] = today = day_of(timezone.now(), operator.time_zone)
        if issuing := runs.issuing(run, operator, today=today):
            mails = mail.can_send() and mailing.rules().on_issue
            page["issuing"] = issuing
            page["ways"] = deliveries.told(issuing.by_delivery, mails=mails, sends=sendings.chosen() is not None)
        return render(request, "finance/runs/issue.html", page)
    if needs_second:
        asked = second_person.ask(
            request, operator, lambda: services_of_two.ask_to_issue(run, by=request.user, at=timezone.now())
        )
        return asked or redirect("finance:run_detail", operator.slug, run_id)
    try:
        services.issue(run, by=request.user, at=timezone.now())
        messages.success(request, gettext("The invoices are issued."))
    except BillingError as problem:
        messages.error(request, why(problem))
    return redirect("finance:run_detail", operator.slug, run_id)


@operator_view(Permission.RUN_BILLING)
@require_POST
def run_discard(request: SignedInRequest, operator: Operator, run_id: UUID) -> HttpResponse:
    """Throw the drafts away; their sessions wait for the next run."""
    try:
        services.discard(_run_or_404(run_id), by=request.user)
        messages.success(request, gettext("The drafts are discarded; their sessions wait again."))
    except BillingError as problem:
        messages.error(request, why(problem))
        return redirect("finance:run_detail", operator.slug, run_id)
    return redirect("finance:run_list", operator.slug)


def _run_or_404(run_id: UUID) -> InvoiceRun:
    run = runs.one(run_id)
    if run is None:
        raise Http404
    return run


def _months(operator: Operator) -> list[date]:
    return runs.startable(operator, at=timezone.now())


def _next_run(request: SignedInRequest, operator: Operator) -> dict[str, Any]:
    """The month that is suggested or was chosen, and what a run of it would find."""
    months = _months(operator)
    if not months:
        return {}
    asked = MonthForm(request.GET if "month" in request.GET else None, months=months)
    month = asked.chosen() if asked.is_valid() else months[0]
    form = MonthForm(months=months, initial={"month": f"{month:%Y-%m}"})
    return {"month_form": form, "waiting": next_run.waiting(month=month)}


def _drafted(request: SignedInRequest, operator: Operator, run: InvoiceRun) -> dict[str, Any]:
    """The sums of the run, what is odd in it, and while nothing is issued what waits and what is to be put right."""
    page: dict[str, Any] = {"sums": runs.sums(run), "remarks": runs.remarks(run)[:REMARKS_SHOWN]}
    if run.state == InvoiceRun.State.READY:
        found = run_checks.findings(run)
        page["waiting"] = next_run.waiting(month=run.month)
        page["checks"] = checks_shown(found, run, operator, request.access)
        page["is_blocked"] = any(finding.blocks for finding in found)
    return page


def _listed(request: SignedInRequest, run: InvoiceRun) -> dict[str, Any]:
    """The run's invoices, the greatest first unless sorted otherwise, a page at a time."""
    form = SearchForm(request.GET)
    rows = invoices.listing(run=run, search=form.cleaned_data["q"] if form.is_valid() else "")
    shown = tables.shown(RUN, request).within(rows)
    return {"search": form, "shown": shown, "page": shown.page(rows, request)}
