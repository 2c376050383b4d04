"""What waits for a second person: the list, what exactly would happen, the decision, and taking it back."""

from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from billing.domain.errors import BillingError
from portal.files.tables import FileColumn
from portal.gate.access import SignedInRequest, operator_view
from portal.web import list_files, lists, tables
from portal.web.periods import PeriodForm
from portal.web.tables import Column, Table
from portal.words.approvals import ACTS, told
from portal.words.say import why
from tenants.errors import Refused
from tenants.models import Approval, Operator
from tenants.permissions import Permission
from tenants.selectors import approvals
from tenants.services import four_eyes
from tenants.services.people import driver_exports

State = Approval.State

APPROVALS = Table(
    "approvals",
    (
        Column("act", gettext_lazy("Act"), by="action", is_fixed=True),
        Column("asked_by", gettext_lazy("Asked by")),
        Column("asked", gettext_lazy("Asked"), by="requested_at", is_indexed=True),
        Column("state", gettext_lazy("State"), by="state"),
        Column("note", gettext_lazy("Note"), is_optional=True),
    ),
    order="-asked",
)


class ApprovalFilter(PeriodForm):
    """What the list of approvals is narrowed to. Days are those on which they were asked for."""

    action = forms.ChoiceField(
        label=gettext_lazy("Act"), required=False, choices=[("", gettext_lazy("All")), *ACTS.items()]
    )
    state = forms.ChoiceField(
        label=gettext_lazy("State"), required=False, choices=[("", gettext_lazy("All")), *State.choices]
    )

    @cached_property
    def rows(self) -> QuerySet[Approval]:
        """The approvals that the filter means; none when it cannot be read."""
        if not self.is_valid():
            return Approval.objects.none()
        data = self.cleaned_data
        return approvals.listing(action=data["action"], state=data["state"], **self.span())


class DecisionForm(forms.Form):
    """The note of a refusal."""

    note = forms.CharField(
        label=gettext_lazy("If you refuse: why"),
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("The person who asked reads it."),
    )


@operator_view(Permission.VIEW_APPROVALS)
def approval_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show what waits, and everything before it."""
    if tidy := lists.untidy(request):
        return tidy
    filters = ApprovalFilter(request.GET, operator=operator)
    shown = tables.shown(APPROVALS, request).within(filters.rows)
    page = shown.page(filters.rows, request)
    context = {
        "nav": "approvals",
        "filters": filters,
        "shown": shown,
        "page": page,
        "entries": [(told(row, operator), _may_decide(row, request)) for row in page.rows],
        "total": filters.rows.count(),
        "is_on": bool(operator.four_eyes),
    }
    return render(request, "staff/approvals/list.html", context)


@operator_view(Permission.VIEW_APPROVALS, takes_out=True)
def approval_export(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send exactly the listed approvals as a file."""
    filters = ApprovalFilter(request.GET, operator=operator)

    def local(moment: datetime | None) -> datetime | None:
        return moment and moment.astimezone(operator.zone).replace(tzinfo=None, microsecond=0)

    return list_files.answer(
        request,
        tables.shown(APPROVALS, request),
        filters.rows,
        filters=filters,
        columns=[
            FileColumn(_("Act"), lambda row: told(row, operator).title),
            FileColumn(_("Asked by"), lambda row: str(row.requested_by)),
            FileColumn(_("Asked"), lambda row: local(row.requested_at)),
            FileColumn(_("State"), lambda row: str(row.get_state_display())),
            FileColumn(_("Decided by"), lambda row: str(row.decided_by) if row.decided_by else None),
            FileColumn(_("Decided"), lambda row: local(row.decided_at)),
            FileColumn(_("Note"), lambda row: told(row, operator).note),
            FileColumn(_("Time zone"), lambda row: operator.time_zone),
        ],
        back=reverse("staff:approval_list", args=[operator.slug]),
    )


@operator_view(Permission.VIEW_APPROVALS)
def approval_detail(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Show what exactly would happen, who asked, and who can decide."""
    return render(request, "staff/approvals/detail.html", _page(request, operator, _approval_or_404(public_id)))


@operator_view(Permission.VIEW_APPROVALS, step_up=True)
def approval_decide(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Approve, which carries it out at once, or refuse with a reason."""
    approval = _approval_or_404(public_id)
    form = DecisionForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and _decided(request, approval, form):
        return redirect("staff:approval_detail", operator.slug, public_id)
    if request.method != "POST" and not _may_decide(approval, request):
        return redirect("staff:approval_detail", operator.slug, public_id)
    status = 400 if form.errors else 200
    context = _page(request, operator, approval) | {"form": form}
    return render(request, "staff/approvals/decide.html", context, status=status)


@operator_view(Permission.VIEW_APPROVALS)
@require_POST
def approval_withdraw(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Take back what one asked for."""
    try:
        four_eyes.withdraw(_approval_or_404(public_id), by=request.user)
        messages.success(request, _("The request is withdrawn. Nothing happens."))
    except Refused as refusal:
        messages.error(request, why(refusal))
    return redirect("staff:approval_detail", operator.slug, public_id)


def _approval_or_404(public_id: UUID) -> Approval:
    return get_object_or_404(approvals.listing(), public_id=public_id)


def _page(request: SignedInRequest, operator: Operator, approval: Approval) -> dict[str, Any]:
    is_open = approval.state in approvals.OPEN and approval.expires_at > timezone.now()
    is_mine = approval.requested_by_id == request.user.pk
    may_decide = _may_decide(approval, request)
    is_download = approval.action == driver_exports.ACTION
    return {
        "nav": "approvals",
        "crumbs": [(_("Approvals"), reverse("staff:approval_list", args=[operator.slug]))],
        "told": told(approval, operator),
        "approval": approval,
        "is_open": is_open,
        "is_mine": is_mine,
        "may_decide": may_decide,
        "is_new": not may_decide and _could_decide(approval, request),
        "deciders": four_eyes.deciders(approval, at=timezone.now()),
        "may_download": is_mine and is_open and is_download and approval.state == State.APPROVED,
    }


def _may_decide(approval: Approval, request: SignedInRequest) -> bool:
    return _could_decide(approval, request) and four_eyes.is_settled(approval, request.user, at=timezone.now())


def _could_decide(approval: Approval, request: SignedInRequest) -> bool:
    """Whether the person may, once they have had the role for long enough."""
    return (
        approval.state == State.WAITING
        and approval.expires_at > timezone.now()
        and approval.requested_by_id != request.user.pk
        and request.access.visit_ends_at is None
        and request.access.may(four_eyes.permission_of(approval.action))
    )


def _decided(request: SignedInRequest, approval: Approval, form: DecisionForm) -> bool:
    """Carry out the decision, or put the reason why not into the form."""
    now = timezone.now()
    try:
        if "refuse" in request.POST:
            four_eyes.refuse(approval, by=request.user, at=now, note=form.cleaned_data["note"])
            messages.success(request, _("Refused. Nothing has happened."))
        else:
            _say(request, four_eyes.approve(approval, by=request.user, at=now))
    except Refused as refusal:
        form.add_error("note" if "refuse" in request.POST else None, why(refusal))
    except BillingError as problem:
        form.add_error(None, why(problem))
    return not form.errors


def _say(request: SignedInRequest, approval: Approval) -> None:
    if approval.state == State.USED:
        messages.success(request, _("Approved and done."))
    elif approval.state == State.APPROVED:
        messages.success(request, _("Approved. The person who asked can fetch the file once, within a day."))
    else:
        messages.error(request, _("Nothing has happened: this is no longer valid."))
