"""What payers owe: the balance of one account, and the ageing list of all."""

from datetime import date
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from billing.selectors import balances as selector
from portal.gate.access import SignedInRequest, operator_view
from portal.web import lists
from tenants.models import Operator
from tenants.permissions import Permission
from tenants.selectors import accounts

#: Payments kept on an account that are told one by one.
KEPT_SHOWN = 50


@operator_view(Permission.VIEW_INVOICES)
def account_balance(request: SignedInRequest, operator: Operator, account_id: UUID) -> HttpResponse:
    """Show what a payer owes: balance, open invoices, and what stands on the account."""
    account = accounts.one(account_id)
    if account is None:
        raise Http404
    page = {
        "nav": "payments",
        "account": account,
        "balances": selector.of_account(account, today=_today(operator)),
        "page": lists.numbered(selector.open_invoices(account), request),
        "kept": selector.kept(account)[:KEPT_SHOWN],
        "today": _today(operator),
    }
    return render(request, "finance/balances/account.html", page)


@operator_view(Permission.VIEW_INVOICES)
def ageing_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show what is open by how long it is overdue, payer by payer, those who owe most for longest first."""
    today = _today(operator)
    rows = selector.ageing(today=today).order_by("-older", "-to_90", "-to_60", "-to_30", "-total", "account")
    page = lists.numbered(rows, request)
    owners = selector.owners([row["account"] for row in page])
    found = {
        "nav": "payments",
        "today": today,
        "page": page,
        "rows": [(owners[row["account"]], row) for row in page],
        "sums": selector.ageing_sums(today=today),
    }
    return render(request, "finance/balances/ageing.html", found)


def _today(operator: Operator) -> date:
    return timezone.now().astimezone(operator.zone).date()
