"""Reconciliation: every session of a month in exactly one place, with sums that must add up."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.models.billing_status import BillingStatus, Bucket
from billing.selectors import reconciliation
from billing.selectors.reconciliation import Check, Row
from portal.gate.access import SignedInRequest, operator_view
from portal.web.finance.months import MonthField
from portal.words import measures
from portal.words.say import say
from tenants.models import Operator
from tenants.permissions import Permission

MEANINGS: dict[str, str | Promise] = {
    Bucket.INVOICED: _("on an issued invoice that was not credited"),
    Bucket.FREE: _("costs nothing, or was written off"),
    Bucket.UNDER_REVIEW: _("a person must decide first"),
    Bucket.NOT_YET: _("in progress, or waiting for its run"),
}
REASONS: dict[str, str | Promise] = {
    "written_off": _("written off"),
    "zero_price": _("the tariff's price is zero"),
    "pending": _("flagged, waits for a decision"),
    "active": _("in progress"),
    "drafted": _("on a draft"),
    "waiting_for_run": _("priced, waits for a run"),
    "unrated": _("not priced yet"),
}


#: More sessions than these are proved a month at a time.
PROVED_AT_ONCE = 2_000_000


class MonthForm(forms.Form):
    """Which month is shown; none shows all of them together."""

    month = MonthField(label=_("Month the session ended in"), required=False)


@operator_view(Permission.VIEW_INVOICES)
def month(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show where every session of a month stands, and that nothing is missing."""
    form = MonthForm(request.GET)
    chosen = form.cleaned_data["month"] if form.is_valid() else None
    proof = _proof(chosen) if "proof" in request.GET else {}
    if request.htmx and proof:
        return render(request, "finance/reconciliation/_proof.html", proof)
    reasons = reconciliation.by_reason(chosen)
    rows = reconciliation.by_bucket(reasons)
    page: dict[str, Any] = {
        "nav": "reconciliation",
        "month_form": form,
        "month": chosen,
        "parts": _parts(rows, reasons, operator),
        "share": [(row.label, row.energy_wh, measures.kwh(row.energy_wh, 0)) for row in rows],
        "sessions": sum(row.sessions for row in rows),
        "energy_wh": sum(row.energy_wh for row in rows),
        "amount": sum(row.amount for row in rows),
    }
    page["is_long"] = page["sessions"] > PROVED_AT_ONCE
    page["asked"] = urlencode({**({"month": f"{chosen:%Y-%m}"} if chosen else {}), "proof": "now"})
    return render(request, "finance/reconciliation/detail.html", page | proof)


def _proof(chosen: date | None) -> dict[str, Any]:
    """Count everything once more without the sums: each session in its place, then all without any."""
    check = reconciliation.check(chosen)
    return {"check": check, "difference": _difference(check)}


def _difference(check: Check) -> dict[str, Any]:
    """What the buckets lack of all sessions."""
    return {
        "sessions": check.sessions - sum(row.sessions for row in check.rows),
        "energy_wh": check.energy_wh - sum(row.energy_wh for row in check.rows),
        "amount": check.amount - sum(row.amount for row in check.rows),
    }


def _parts(rows: Sequence[Row], reasons: Sequence[Row], operator: Operator) -> list[dict[str, Any]]:
    """Each bucket with its meaning and its reasons, and the way to the sessions of each."""
    return [
        {
            "row": row,
            "amount": _amount(row),
            "meaning": MEANINGS[row.bucket],
            "url": _sessions_url(operator, row.bucket) if row.sessions else "",
            "reasons": [
                _reason(reason, operator) for reason in reasons if reason.bucket == row.bucket and reason.reason
            ],
        }
        for row in rows
    ]


def _reason(row: Row, operator: Operator) -> dict[str, Any]:
    """One reason in words. The list of sessions has one name for all problems with a price."""
    where = row.reason if row.reason in BillingStatus else BillingStatus.PROBLEM
    words = REASONS.get(row.reason) or say(row.reason)
    return {"row": row, "amount": _amount(row), "words": words, "url": _sessions_url(operator, where)}


def _amount(row: Row) -> Decimal | None:
    """What the sessions cost; None where none of them has a price, which is not a price of nothing."""
    return row.amount if row.amount or not row.sessions or row.bucket == Bucket.FREE else None


def _sessions_url(operator: Operator, where: str) -> str:
    """The list of the sessions that stand there, of all days."""
    query = urlencode({"billing": where, "since": "", "until": ""})
    return f"{reverse('staff:session_list', args=[operator.slug])}?{query}"
