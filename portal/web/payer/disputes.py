"""A payer says what is wrong with a session, a fee or an invoice, and sees what became of it."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from billing.models import Invoice
from billing.selectors import disputes as selector
from billing.selectors import invoices, payers
from charging.models import ChargingSession
from charging.selectors import sessions
from portal.gate.access import SignedInRequest, payer_view
from portal.web import disputes
from tenants.models import Account, Operator


@payer_view()
def dispute_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show what the payer's people have raised, with the answers. What its drivers raise is theirs."""
    rows = selector.of_account(request.account)
    return render(request, "payer/disputes/list.html", {"nav": "invoices", "account": request.account, "rows": rows})


@payer_view()
def invoice_dispute(request: SignedInRequest, operator: Operator, invoice_id: UUID) -> HttpResponse:
    """Say what is wrong with an invoice."""
    rows = invoices.of_account(request.account).filter(kind=Invoice.Kind.INVOICE)
    invoice = rows.filter(public_id=invoice_id).first()
    if invoice is None:
        raise Http404
    crumb = (_("Invoices"), reverse("payer:invoice_list", args=[operator.slug]))
    page = {"nav": "invoices", "account": request.account, "crumbs": [crumb], "invoice": invoice}
    back = reverse("payer:dispute_list", args=[operator.slug])
    return disputes.raised(request, request.account, invoice, template="payer/disputes/new.html", page=page, back=back)


@payer_view(Account.Shown.SESSIONS)
def session_dispute(request: SignedInRequest, operator: Operator, session_id: UUID) -> HttpResponse:
    """Say what is wrong with a session that the payer pays for."""
    ended = ChargingSession.objects.filter(public_id=session_id, ended_at__isnull=False)
    session = sessions.whole(ended).first()
    if session is None or payers.of_session(session) != request.account:
        raise Http404
    crumb = (_("Sessions"), reverse("payer:session_list", args=[operator.slug]))
    page = {"nav": "sessions", "account": request.account, "crumbs": [crumb], "session": session}
    back = reverse("payer:dispute_list", args=[operator.slug])
    return disputes.raised(request, request.account, session, template="payer/disputes/new.html", page=page, back=back)


@payer_view()
@require_POST
def dispute_withdraw(request: SignedInRequest, operator: Operator, dispute_id: UUID) -> HttpResponse:
    """Take one back."""
    back = reverse("payer:dispute_list", args=[operator.slug])
    return disputes.withdrawn(request, selector.of_account(request.account), dispute_id, back=back)
