"""Reconciliation: every session of a month and a site in exactly one compartment, with sums that must add up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.models.billing_status import BillingStatus
from billing.selectors import host_shares, reconciliation
from billing.selectors.compartments import Compartment
from billing.selectors.reconciliation import Check, Row
from charging.models import Site
from portal.gate.access import SignedInRequest, operator_view
from portal.web.months import MonthField
from portal.words import measures
from portal.words.say import say
from tenants.models import Operator
from tenants.permissions import Permission

MEANINGS: dict[str, str | Promise] = {
    Compartment.INVOICED: _("on an issued invoice that was not credited"),
    Compartment.DISPUTED: _("on an issued invoice, and somebody says that it is wrong"),
    Compartment.LOST: _("on an issued invoice of which nothing is paid and all that was left is written off"),
    Compartment.LOST_IN_PART: _("on an issued invoice of which a part is written off, the rest is paid or open"),
    Compartment.CREDITED: _("was on an invoice, and nobody is billed for it any more"),
    Compartment.CARRIED_OVER: _("its payer's invoice would have been smaller than was agreed"),
    Compartment.LATE: _("came after its month was issued, and waits for the next run"),
    Compartment.FREE: _("costs nothing"),
    Compartment.WRITTEN_OFF: _("nobody is billed for it"),
    Compartment.UNDER_REVIEW: _("a person must decide first"),
    Compartment.NOT_YET: _("in progress, or waiting for its run"),
}
STATEMENT_FAULTS: dict[str, str | Promise] = {
    "strangers": _("a session of it is not one of its contract, or of another month"),
    "sessions": _("its months are not the sums of their sessions"),
    "months": _("it is not the sum of its months"),
    "amount": _("a month is not what the contract makes of its sessions"),
}
REASONS: dict[str, str | Promise] = {
    "pending": _("flagged, waits for a decision"),
    "active": _("in progress"),
    "drafted": _("on a draft"),
    "waiting_for_run": _("priced, waits for a run"),
    "unrated": _("not priced yet"),
}


#: So many parts a bar has.
PARTS_DRAWN = 5
#: More sessions than these are proved a month at a time.
PROVED_AT_ONCE = 2_000_000


class MonthForm(forms.Form):
    """Which month and which site are shown; none shows all of them together."""

    month = MonthField(label=_("Month the session ended in"), required=False)
    site = forms.ModelChoiceField(
        Site.objects.none(), label=_("Site"), required=False, to_field_name="public_id", empty_label=_("All sites")
    )

    def __init__(self, data: QueryDict) -> None:
        """Offer the sites there are."""
        super().__init__(data)
        self.fields["site"].queryset = Site.objects.order_by("name")  # type: ignore[attr-defined]


@operator_view(Permission.VIEW_INVOICES)
def month(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show where every session of a month and a site stands, and that nothing is missing."""
    form = MonthForm(request.GET)
    form.full_clean()
    chosen, site = form.cleaned_data.get("month"), form.cleaned_data.get("site")
    within = {"month": f"{chosen:%Y-%m}" if chosen else "", "site": str(site.public_id) if site else ""}
    ways = _Ways(operator, within)
    proof = _proof(chosen, site, ways) if "proof" in request.GET else {}
    if request.htmx and proof:
        return render(request, "finance/reconciliation/_proof.html", proof)
    reasons = reconciliation.by_reason(chosen, site)
    rows = reconciliation.by_compartment(reasons)
    page: dict[str, Any] = {
        "nav": "reconciliation",
        "month_form": form,
        "month": chosen,
        "site": site,
        "parts": _parts(rows, reasons, ways),
        "given_up": _given_up(rows, chosen, site),
        "share": _share(rows),
        "sessions": sum(row.sessions for row in rows),
        "energy_wh": sum(row.energy_wh for row in rows),
        "amount": sum(row.amount for row in rows),
    }
    page["is_long"] = page["sessions"] > PROVED_AT_ONCE
    page["asked"] = urlencode({**{name: value for name, value in within.items() if value}, "proof": "now"})
    return render(request, "finance/reconciliation/detail.html", page | proof)


def _given_up(rows: Sequence[Row], chosen: date | None, site: Site | None) -> Decimal | None:
    """What is given up of sessions that are lost in part; None where there are none."""
    some = any(row.sessions for row in rows if row.compartment == Compartment.LOST_IN_PART)
    return reconciliation.given_up(chosen, site) if some else None


def _share(rows: Sequence[Row]) -> list[tuple[str, int, str]]:
    """How the energy divides: the largest compartments, and the others together where they are more than one."""
    largest = sorted((row for row in rows if row.energy_wh), key=lambda row: -row.energy_wh)
    told = largest if len(largest) <= PARTS_DRAWN else largest[: PARTS_DRAWN - 1]
    parts = [(row.label, row.energy_wh) for row in rows if row in told]
    if rest := sum(row.energy_wh for row in largest[len(told) :]):
        parts.append((str(_("the others")), rest))
    return [(label, energy, measures.kwh(energy, 0)) for label, energy in parts]


def _proof(chosen: date | None, site: Site | None, ways: "_Ways") -> dict[str, Any]:
    """Count everything again: each session in its compartment, then all without any, and what hosts share."""
    check = reconciliation.check(chosen, site)
    return {
        "check": check,
        "difference": _difference(check),
        # Sessions are held against statements one by one: a list of them is of a month.
        "shared": [(row, ways.to(row.compartment) if chosen else "") for row in host_shares.shared(chosen, site)],
        "earned": host_shares.earned(chosen, site),
        "faults": [(fault.statement, STATEMENT_FAULTS[fault.code]) for fault in host_shares.faults(chosen)],
    }


def _difference(check: Check) -> dict[str, Any]:
    """What the compartments lack of all sessions."""
    return {
        "sessions": check.sessions - sum(row.sessions for row in check.rows),
        "energy_wh": check.energy_wh - sum(row.energy_wh for row in check.rows),
        "amount": check.amount - sum(row.amount for row in check.rows),
    }


@dataclass(frozen=True, slots=True)
class _Ways:
    """The ways to the sessions of a month and a site."""

    operator: Operator
    within: dict[str, str]

    def to(self, compartment: str, reason: str = "") -> str:
        """The list of the sessions that stand there. It has one name for all problems with a price."""
        where = reason if not reason or reason in BillingStatus else BillingStatus.PROBLEM.value
        query = {"period": "all", "compartment": compartment, "billing": where, **self.within}
        narrow = urlencode({name: value for name, value in query.items() if value})
        return f"{reverse('staff:session_list', args=[self.operator.slug])}?{narrow}"


def _parts(rows: Sequence[Row], reasons: Sequence[Row], ways: _Ways) -> list[dict[str, Any]]:
    """Each compartment with its meaning and its reasons, and the way to the sessions of each."""
    return [
        {
            "row": row,
            "amount": _amount(row),
            "meaning": MEANINGS[row.compartment],
            "url": ways.to(row.compartment) if row.sessions else "",
            "reasons": [
                _reason(reason, ways) for reason in reasons if reason.compartment == row.compartment and reason.reason
            ],
        }
        for row in rows
    ]


def _reason(row: Row, ways: _Ways) -> dict[str, Any]:
    """One reason in words."""
    words = REASONS.get(row.reason) or say(row.reason)
    return {"row": row, "amount": _amount(row), "words": words, "url": ways.to(row.compartment, row.reason)}


def _amount(row: Row) -> Decimal | None:
    """What the sessions cost; None where none of them has a price, which is not a price of nothing."""
    return row.amount if row.amount or not row.sessions or row.compartment == Compartment.FREE else None
