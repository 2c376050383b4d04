"""A statement to a site host: what it says, its sessions as a file, the document, its bookings, its payout."""

from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from billing.models import HostStatement, LedgerEntry
from billing.selectors import ledger
from billing.selectors import settlements as selector
from billing.services import payouts
from portal.gate.access import SignedInRequest, operator_view
from portal.web import statements
from portal.web.acts import attempted, told
from portal.web.periods import DayField
from portal.words import sendings as sending_words
from tenants.models import Operator
from tenants.permissions import Permission


class PaidForm(forms.Form):
    """That a host was paid."""

    paid_on = DayField(label=_("Paid"))
    text = forms.CharField(
        label=_("Note"), required=False, max_length=300, help_text=_("How it was paid, or a number of the bank's.")
    )


@operator_view(Permission.VIEW_INVOICES)
def statement_detail(request: SignedInRequest, operator: Operator, statement_id: UUID) -> HttpResponse:
    """Show what a statement says, what the host answered, how it is booked, and that it was paid."""
    today = timezone.now().astimezone(operator.zone).date()
    return _detail(request, operator, _statement_or_404(statement_id), PaidForm(initial={"paid_on": today}))


def _detail(
    request: SignedInRequest, operator: Operator, statement: HostStatement, form: PaidForm, *, status: int = 200
) -> HttpResponse:
    page: dict[str, Any] = {"nav": "hosts", "form": form, **statements.told(request, statement, operator)}
    page |= sending_words.shown_of(statement)
    page["bookings"] = ledger.bookings_of(LedgerEntry.Kind.STATEMENT, statement.pk)
    return render(request, "finance/statements/detail.html", page, status=status)


@operator_view(Permission.MANAGE_PAYMENTS)
@require_POST
def statement_paid(request: SignedInRequest, operator: Operator, statement_id: UUID) -> HttpResponse:
    """Keep that the host was paid what the statement says."""
    statement, form, now = _statement_or_404(statement_id), PaidForm(request.POST), timezone.now()
    if (
        form.is_valid()
        and attempted(form, payouts.record, statement, **form.cleaned_data, by=request.user, at=now) is not None
    ):
        return redirect("finance:statement_detail", operator.slug, statement.public_id)
    return _detail(request, operator, statement, form, status=400)


@operator_view(Permission.MANAGE_PAYMENTS)
@require_POST
def statement_unpaid(request: SignedInRequest, operator: Operator, statement_id: UUID) -> HttpResponse:
    """Take back that the host was paid."""
    statement = _statement_or_404(statement_id)
    if (payout := selector.payout(statement)) is not None:
        done = gettext("The statement is to be paid again.")
        told(request, done, payouts.undo, payout, by=request.user, at=timezone.now())
    return redirect("finance:statement_detail", operator.slug, statement.public_id)


@operator_view(Permission.VIEW_INVOICES, takes_out=True)
def statement_sessions(request: SignedInRequest, operator: Operator, statement_id: UUID) -> HttpResponseBase:
    """Send the statement's sessions as a file; nothing in it says who charged."""
    return statements.sessions_file(request, _statement_or_404(statement_id), operator)


@operator_view(Permission.VIEW_INVOICES, takes_out=True)
def statement_pdf(request: SignedInRequest, operator: Operator, statement_id: UUID) -> HttpResponse:
    """Send the document of a closed statement: the self-billed invoice, where one was agreed."""
    return statements.document(_statement_or_404(statement_id))


def _statement_or_404(statement_id: UUID) -> HostStatement:
    statement = selector.statement(statement_id)
    if statement is None:
        raise Http404
    return statement
