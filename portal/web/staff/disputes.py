"""The desk for disputes: what waits, by days left; one with the evidence; the answer."""

from datetime import date
from functools import cached_property
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from billing.domain.calendar import day_of
from billing.models import Dispute
from billing.selectors import disputes as selector
from billing.services import disputes as services
from charging.models import ChargingSession
from charging.selectors import sessions
from portal.files.tables import FileColumn
from portal.gate.access import SignedInRequest, operator_view
from portal.web import list_files, lists, tables
from portal.web.acts import attempted
from portal.web.staff.sessions import story as session_story
from portal.web.tables import Column, Table
from portal.words.log import lines as audit_lines
from tenants.log import reading
from tenants.models import Operator
from tenants.permissions import Permission

State = Dispute.State
#: What waits has the order of its days, and what is closed that of its answers, until somebody sorts.
DISPUTES = Table(
    "disputes",
    (
        Column("what", gettext_lazy("What is wrong"), by="about", is_fixed=True),
        Column("payer", gettext_lazy("Payer"), opened="account__identity__name"),
        Column("of", gettext_lazy("Session or invoice")),
        Column("raised", gettext_lazy("Raised"), by="raised_at", css="rest"),
        Column("due", gettext_lazy("Answer by"), by="due_on"),
        Column("state", gettext_lazy("State")),
    ),
    order="",
)


class AnswerForm(forms.Form):
    """What whoever raised it is told."""

    state = forms.ChoiceField(
        label=gettext_lazy("Outcome"),
        choices=[(State.GRANTED.value, gettext_lazy("granted")), (State.REFUSED.value, gettext_lazy("refused"))],
        widget=forms.RadioSelect,
    )
    text = forms.CharField(
        label=gettext_lazy("Answer"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy("It goes out as a letter: what was found, and what was done."),
    )


class DisputeFilter(forms.Form):
    """Which disputes are listed: what waits, unless what is closed is asked for."""

    q = forms.CharField(
        label=gettext_lazy("Payer, session or invoice"), required=False, max_length=100, widget=forms.SearchInput
    )
    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        choices=[("", gettext_lazy("Open")), ("closed", gettext_lazy("Closed"))],
        required=False,
    )

    @cached_property
    def rows(self) -> QuerySet[Dispute]:
        """The disputes that the filter means; what cannot be read narrows nothing."""
        self.full_clean()
        asked = self.cleaned_data
        return selector.listing(is_closed=asked.get("state") == "closed", search=asked.get("q", ""))


@operator_view(Permission.VIEW_INVOICES)
def dispute_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List what waits, the least days left first; or what is closed, the newest first."""
    if tidy := lists.untidy(request):
        return tidy
    filters, today = DisputeFilter(request.GET), _today(operator)
    shown = tables.shown(DISPUTES, request).within(filters.rows)
    context = {
        "nav": "disputes",
        "filters": filters,
        "shown": shown,
        "page": shown.page(filters.rows, request),
        "today": today,
        "late": selector.late(today),
    }
    return render(request, "staff/disputes/list.html", context)


@operator_view(Permission.VIEW_INVOICES, step_up=True, takes_out=True)
def dispute_export(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send exactly the listed disputes as a file, without what people wrote."""
    filters = DisputeFilter(request.GET)
    return list_files.answer(
        request,
        tables.shown(DISPUTES, request),
        filters.rows,
        filters=filters,
        columns=[
            FileColumn(_("What is wrong"), lambda row: str(row.get_about_display())),
            FileColumn(_("Customer number"), lambda row: row.account.customer_number),
            FileColumn(_("Payer"), lambda row: row.account.name),
            FileColumn(_("Session"), lambda row: row.session.external_id if row.session else ""),
            FileColumn(_("Invoice"), lambda row: str(row.fee.invoice if row.fee else row.invoice or "")),
            FileColumn(_("Fee"), lambda row: row.fee.text if row.fee else ""),
            FileColumn(_("Raised"), lambda row: row.raised_at),
            FileColumn(_("Answer by"), lambda row: row.due_on),
            FileColumn(_("State"), lambda row: str(row.get_state_display())),
            FileColumn(_("Answered"), lambda row: row.closed_at),
        ],
        back=reverse("staff:dispute_list", args=[operator.slug]),
    )


@operator_view(Permission.VIEW_INVOICES)
def dispute_detail(request: SignedInRequest, operator: Operator, dispute_id: UUID) -> HttpResponse:
    """Show one with all the evidence."""
    return _page(request, operator, _dispute_or_404(dispute_id), AnswerForm())


@operator_view(Permission.ISSUE_INVOICES)
@require_POST
def dispute_answer(request: SignedInRequest, operator: Operator, dispute_id: UUID) -> HttpResponse:
    """Grant or refuse it."""
    row, form = _dispute_or_404(dispute_id), AnswerForm(request.POST)
    done = None
    if form.is_valid():
        facts = form.cleaned_data
        done = attempted(form, services.answer, row, by=request.user, at=timezone.now(), **facts)
    if done is None:
        return _page(request, operator, row, form, status=400)
    messages.success(request, _("Answered. The letter has been sent, if we have their e-mail address."))
    return redirect("staff:dispute_detail", operator.slug, dispute_id)


def _dispute_or_404(dispute_id: UUID) -> Dispute:
    row = selector.one(dispute_id)
    if row is None:
        raise Http404
    return row


def _page(
    request: SignedInRequest, operator: Operator, row: Dispute, form: AnswerForm, *, status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {
        "nav": "disputes",
        "crumbs": [(_("Disputes"), reverse("staff:dispute_list", args=[operator.slug]))],
        "row": row,
        "days_left": row.days_left(_today(operator)),
        "is_open": row.state == State.OPEN,
        "invoice": selector.billed_on(row),
        "credited": selector.credited_since(row),
        "given_up": selector.given_up_since(row),
        "answer": form,
        "steps": _steps(row, operator),
    }
    if row.session_id:
        session = sessions.whole(ChargingSession.objects.filter(pk=row.session_id)).get()
        may_see_audit = request.access.may(Permission.VIEW_AUDIT)
        context |= {"story_of": session_story.of(session, operator, may_see_audit=may_see_audit)}
    return render(request, "staff/disputes/detail.html", context, status=status)


def _steps(row: Dispute, operator: Operator) -> list[Any]:
    entries = list(reading.of_object(row).order_by("timestamp", "pk"))
    return audit_lines.lines(entries, zone=operator.zone)


def _today(operator: Operator) -> date:
    return day_of(timezone.now(), operator.time_zone)
