"""E-invoices on their way: what was sent, taken, accepted or refused; and sending one that was not."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from billing.models import Sending
from billing.selectors import sendings, settlements
from billing.services import sendings as services
from portal.gate.access import SignedInRequest, operator_view
from portal.web import lists
from portal.web.acts import told
from portal.web.finance.invoices import invoice_or_404
from portal.words import sendings as words
from tenants.models import Operator
from tenants.permissions import Permission


@operator_view(Permission.VIEW_INVOICES)
def sending_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List them, the newest first; all, or those of one state."""
    asked = request.GET.get("state", "")
    stage = asked if asked in Sending.Stage.values else ""
    counts = sendings.counts()
    page = lists.page(sendings.listing(stage), request, by="id", rising=False)
    context: dict[str, Any] = {
        "nav": "sendings",
        "page": page,
        "rows": [(row, words.reason(row)) for row in page],
        "stage": stage,
        "total": sum(counts.values()),
        "stages": [(value, label, counts.get(value, 0)) for value, label in Sending.Stage.choices],
        "way": sendings.chosen(),
    }
    return render(request, "finance/sendings/list.html", context)


@operator_view(Permission.ISSUE_INVOICES)
@require_POST
def invoice_send(request: SignedInRequest, operator: Operator, invoice_id: UUID) -> HttpResponse:
    """Send one document that was issued before there was a way, or that was held back."""
    told(request, _("The e-invoice is on its way."), services.send, invoice_or_404(invoice_id), at=timezone.now())
    return redirect("finance:invoice_detail", operator.slug, invoice_id)


@operator_view(Permission.ISSUE_INVOICES)
@require_POST
def statement_send(request: SignedInRequest, operator: Operator, statement_id: UUID) -> HttpResponse:
    """Send one statement that is a host's invoice, and was closed before there was a way, or held back."""
    statement = settlements.statement(statement_id)
    if statement is None or statement.number is None:
        raise Http404
    told(request, _("The e-invoice is on its way."), services.send, statement, at=timezone.now())
    return redirect("finance:statement_detail", operator.slug, statement_id)
