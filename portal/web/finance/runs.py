"""Invoice runs: start a month, watch it being drafted, look the drafts over, issue them or throw them away."""

from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRefresh

from billing.domain.errors import BillingError
from billing.models import InvoiceRun
from billing.selectors import invoices, next_run, runs
from billing.services import approved
from billing.services import runs as services
from billing.services import second_person as services_of_two
from portal.gate.access import SignedInRequest, operator_view
from portal.web import second_person
from portal.words import measures
from portal.words.say import why
from tenants.models import Operator
from tenants.permissions import Permission
from tenants.selectors import approvals
from tenants.services import four_eyes

DRAFTS_SHOWN = 100
PROBLEMS_SHOWN = 200


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
    """Show every run, and what waits for the next one."""
    page: dict[str, Any] = {"nav": "runs", "runs": runs.listing()}
    if request.access.may(Permission.RUN_BILLING):
        page |= _next_run(request, operator)
    return render(request, "finance/runs/list.html", page)


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
    run = _found(run_id)
    if request.htmx and run.state != InvoiceRun.State.RUNNING:
        return HttpResponseClientRefresh()  # drafted: the header's state and buttons change as well
    page = {"nav": "runs", "run": run, "progress": runs.progress(run), "problems": runs.problems(run)[:PROBLEMS_SHOWN]}
    return render(request, "finance/runs/detail.html", page | _drafted(run, operator))


@operator_view(Permission.ISSUE_INVOICES, step_up=True)
def run_issue(request: SignedInRequest, operator: Operator, run_id: UUID) -> HttpResponse:
    """Ask once more, with count and sum; then number and freeze every draft, or ask a second person to let it be."""
    run = _found(run_id)
    needs_second = four_eyes.is_needed(approved.ISSUE)
    if request.method != "POST":
        page = {"nav": "runs", "run": run, "needs_second": needs_second, **_drafted(run, operator)}
        page["approval"] = approvals.open_about(approved.ISSUE, run.public_id, at=timezone.now())
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
        services.discard(_found(run_id), by=request.user)
        messages.success(request, gettext("The drafts are discarded; their sessions wait again."))
    except BillingError as problem:
        messages.error(request, why(problem))
        return redirect("finance:run_detail", operator.slug, run_id)
    return redirect("finance:run_list", operator.slug)


def _found(run_id: UUID) -> InvoiceRun:
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


def _drafted(run: InvoiceRun, operator: Operator) -> dict[str, Any]:
    """The run's invoices with their sums, and what still waits beside them while nothing is issued."""
    drafts = invoices.listing(run=run).order_by("-amount_due", "pk")
    page: dict[str, Any] = {"drafts": drafts[:DRAFTS_SHOWN], "sums": runs.sums(run)}
    page["more"] = max(0, sum(row.invoices for row in page["sums"]) - DRAFTS_SHOWN)
    if run.state == InvoiceRun.State.READY:
        page["waiting"] = next_run.waiting(month=run.month)
    return page
