"""What the drivers and cards of a payer charged in a month, as far as the operator lets the payer's people see."""

from datetime import date, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from billing.domain.calendar import day_of, month_after, parse_month
from billing.domain.errors import BillingError
from billing.selectors import disputes, payers, session_ledger
from charging.models import ChargingSession
from charging.selectors import sessions
from portal.gate.access import SignedInRequest, payer_view
from portal.web import lists
from tenants.models import Account, Operator


@payer_view(Account.Shown.TOTALS, Account.Shown.SESSIONS)
def driver_totals(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show what each driver and card came to in a month."""
    month = _month(request, operator)
    totals = payers.totals(request.account, month, operator=operator)
    page = {"nav": "drivers", "totals": totals, "sums": payers.summed(totals)}
    return render(request, "payer/drivers.html", page | _months(request, month, operator))


@payer_view(Account.Shown.SESSIONS)
def session_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show the sessions of a month that the payer pays for, newest first."""
    month = _month(request, operator)
    ids = payers.session_ids(request.account, month, operator=operator)
    rows = sessions.shown(ChargingSession.objects.filter(pk__in=ids)).select_related("driver__identity", "token")
    page = lists.page(rows, request, by="started_at")
    found = {
        "nav": "sessions",
        "page": page,
        "entries": session_ledger.entries(page.rows),
        "disputed": disputes.disputed(page.rows),
    }
    return render(request, "payer/sessions.html", found | _months(request, month, operator))


def _month(request: SignedInRequest, operator: Operator) -> date:
    try:
        return parse_month(request.GET.get("month", ""))
    except BillingError:
        return day_of(timezone.now(), operator.time_zone).replace(day=1)


def _months(request: SignedInRequest, month: date, operator: Operator) -> dict[str, Any]:
    """The month, and the ones beside it; none lies ahead."""
    later = month_after(month)
    today = day_of(timezone.now(), operator.time_zone)
    return {
        "account": request.account,
        "month": month,
        "earlier": (month - timedelta(days=1)).replace(day=1),
        "later": later if later <= today else None,
    }
