"""A statement to a site host: what it says, its sessions as a file, and the document."""

from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render

from billing.models import HostStatement
from billing.selectors import settlements as selector
from portal.gate.access import SignedInRequest, operator_view
from portal.web import statements
from tenants.models import Operator
from tenants.permissions import Permission


@operator_view(Permission.VIEW_INVOICES)
def statement_detail(request: SignedInRequest, operator: Operator, statement_id: UUID) -> HttpResponse:
    """Show what a statement says, and what the host answered."""
    page = {"nav": "hosts", **statements.told(request, _statement_or_404(statement_id), operator)}
    return render(request, "finance/statements/detail.html", page)


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
