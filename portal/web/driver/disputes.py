"""A driver says what is wrong with a session of theirs or an invoice, and sees what became of it."""

from typing import Any
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
from portal.gate.access import SignedInRequest, driver_view
from portal.web import disputes
from tenants.models import Account, Operator


@driver_view
def dispute_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show what the driver has raised, with the answers."""
    rows = selector.of_driver(request.driver)
    return render(request, "driver/disputes/list.html", {"nav": "history", "rows": rows})


@driver_view
def session_dispute(request: SignedInRequest, operator: Operator, session_id: UUID) -> HttpResponse:
    """Say what is wrong with a session."""
    ended = ChargingSession.objects.filter(driver=request.driver, public_id=session_id, ended_at__isnull=False)
    session = sessions.whole(ended).first()
    account = payers.of_session(session) if session else None
    if session is None or account is None:
        raise Http404
    crumb = (str(session.site), reverse("driver:session_detail", args=[operator.slug, session_id]))
    page = {"nav": "history", "crumbs": [crumb], "session": session}
    return _raised(request, operator, account, session, page)


@driver_view
def invoice_dispute(request: SignedInRequest, operator: Operator, invoice_id: UUID) -> HttpResponse:
    """Say what is wrong with an invoice of the driver's own."""
    rows = invoices.of_driver(request.driver).filter(kind=Invoice.Kind.INVOICE)
    invoice = rows.select_related("account").filter(public_id=invoice_id).first()
    if invoice is None:
        raise Http404
    crumb = (_("Invoices"), reverse("driver:invoice_list", args=[operator.slug]))
    page = {"nav": "invoices", "crumbs": [crumb], "invoice": invoice}
    return _raised(request, operator, invoice.account, invoice, page)


@driver_view
@require_POST
def dispute_withdraw(request: SignedInRequest, operator: Operator, dispute_id: UUID) -> HttpResponse:
    """Take one back."""
    return disputes.withdrawn(request, selector.of_driver(request.driver), dispute_id, back=_list(operator))


def _raised(
    request: SignedInRequest,
    operator: Operator,
    account: Account,
    of: ChargingSession | Invoice,
    page: dict[str, Any],
) -> HttpResponse:
    return disputes.raised(
        request,
        account,
        of,
        template="driver/disputes/new.html",
        page=page,
        back=_list(operator),
        driver=request.driver,
    )


def _list(operator: Operator) -> str:
    return reverse("driver:dispute_list", args=[operator.slug])
