"""What payers owe: the balance of one account, and the ageing list of all."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.domain import money
from billing.selectors import balances as selector
from portal.files.tables import FileColumn
from portal.gate.access import SignedInRequest, operator_view
from portal.web import list_files, lists, tables
from portal.web.tables import Column, Table
from tenants.models import Account, Operator
from tenants.permissions import Permission
from tenants.selectors import accounts

AGEING = Table(
    "ageing",
    (
        Column("payer", _("Payer"), is_fixed=True),
        Column("not_due", _("Not due"), css="num"),
        Column("to_30", _("1–30 days"), css="num"),
        Column("to_60", _("31–60 days"), css="num"),
        Column("to_90", _("61–90 days"), css="num"),
        Column("older", _("Over 90 days"), css="num"),
        Column("waiting", _("Disputed"), css="num"),
        Column("total", _("Unpaid"), css="num", is_fixed=True),
    ),
    order="",
)
#: The accounts of so many rows are looked up together.
OWNERS_AT_ONCE = 1_000
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
    """List what is open by how long it is overdue, payer by payer, those who owe most for longest first."""
    today = _today(operator)
    page = lists.counted(_ageing(today), request)
    found = {
        "nav": "payments",
        "today": today,
        "shown": tables.shown(AGEING, request),
        "page": page,
        "rows": list(_with_owners(page.rows)),
        "sums": selector.ageing_sums(today=today),
    }
    return render(request, "finance/balances/ageing.html", found)


@operator_view(Permission.VIEW_INVOICES, step_up=True, takes_out=True)
def ageing_export(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send the whole list of today as a file."""
    today = _today(operator)
    return list_files.answer(
        request,
        tables.shown(AGEING, request),
        _ageing(today),
        columns=[
            FileColumn(gettext("Customer number"), lambda row: row[0].customer_number),
            FileColumn(gettext("Payer"), lambda row: row[0].name),
            FileColumn(gettext("Currency"), lambda row: row[1]["currency"]),
            *(FileColumn(str(part.label), _amount(part.key), is_amount=True) for part in AGEING.columns[1:]),
        ],
        back=reverse("finance:ageing_list", args=[operator.slug]),
        read=_with_owners,
    )


def _ageing(today: date) -> QuerySet[Any]:
    return selector.ageing(today=today).order_by("-older", "-to_90", "-to_60", "-to_30", "-total", "account")


def _with_owners(rows: Iterable[dict[str, Any]]) -> Iterator[tuple[Account, dict[str, Any]]]:
    """Each row with whose it is."""
    left = iter(rows)
    while some := list(islice(left, OWNERS_AT_ONCE)):
        owners = selector.owners([row["account"] for row in some])
        yield from ((owners[row["account"]], row) for row in some)


def _amount(part: str) -> Callable[[tuple[Account, dict[str, Any]]], Decimal]:
    return lambda row: money.from_minor(row[1][part], row[1]["currency"])


def _today(operator: Operator) -> date:
    return timezone.now().astimezone(operator.zone).date()
