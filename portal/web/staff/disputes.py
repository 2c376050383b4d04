"""The desk for disputes: what waits, by days left; one with the evidence; the answer."""

from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
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
from portal.gate.access import SignedInRequest, operator_view
from portal.web import lists
from portal.web.acts import attempted
from portal.web.staff.sessions import story as session_story
from portal.words.log import lines as audit_lines
from tenants.log import reading
from tenants.models import Operator
from tenants.permissions import Permission

State = Dispute.State


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


@operator_view(Permission.VIEW_INVOICES)
def dispute_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List what waits, the least days left first; or what has been answered, the newest first."""
    is_closed = request.GET.get("state") == "closed"
    rows, by = (selector.closed(), "closed_at") if is_closed else (selector.waiting(), "due_on")
    page = lists.page(rows, request, by=by, rising=not is_closed)
    today = _today(operator)
    context = {
        "nav": "disputes",
        "is_closed": is_closed,
        "page": page,
        "rows": [(row, row.days_left(today)) for row in page],
        "late": selector.late(today),
    }
    return render(request, "staff/disputes/list.html", context)


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
