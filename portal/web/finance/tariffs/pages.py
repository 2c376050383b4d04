"""Tariffs: the shelf, and one tariff with its prices, its week, its versions, and where it applies."""

import json
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext

from billing.domain.errors import BillingError
from billing.domain.tariff import model as ocpi
from billing.models import TariffAssignment, TariffVersion
from billing.selectors import tariff_listing
from billing.selectors.tariff_listing import TariffSummary
from portal.gate.access import SignedInRequest, operator_view
from portal.web.finance.tariffs.assign_form import AssignForm
from portal.words import tariffs as tariff_words
from tenants.models import Operator
from tenants.permissions import Permission


@operator_view(Permission.VIEW_TARIFFS)
def tariff_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show every tariff with its prices, its state and where it applies."""
    shelf = [_entry(shelved) for shelved in tariff_listing.listed(at=timezone.now())]
    return render(request, "finance/tariffs/list.html", {"nav": "tariffs", "shelf": shelf})


@operator_view(Permission.VIEW_TARIFFS)
def tariff_detail(request: SignedInRequest, operator: Operator, tariff_id: UUID) -> HttpResponse:
    """Show one tariff: its prices, its week, its versions with what changed, and where it applies."""
    shelved = found(tariff_id)
    page = detail(shelved, request.GET.get("version", ""))
    if request.access.may(Permission.MANAGE_TARIFFS):
        page["assign_form"] = AssignForm(shelved=shelved, operator=operator)
    return render(request, "finance/tariffs/detail.html", page)


def detail(shelved: TariffSummary, number: str) -> dict[str, Any]:
    """The variables of a tariff's page. number: of the version to show, if one is asked for."""
    version = _chosen(shelved, number)
    return reading_of(version) | {
        "nav": "tariffs",
        "shelved": shelved,
        "version": version,
        "history": _history(shelved),
    }


def found(tariff_id: UUID) -> TariffSummary:
    """The tariff, or a page that does not exist."""
    shelved = tariff_listing.one(tariff_id, at=timezone.now())
    if shelved is None:
        raise Http404
    return shelved


def terms_of(version: TariffVersion | None) -> ocpi.Tariff | None:
    """The version as the kernel reads it; None for a draft that it refuses."""
    if version is None:
        return None
    try:
        return ocpi.parse_tariff(version.document)
    except BillingError:
        return None


def _entry(shelved: TariffSummary) -> dict[str, Any]:
    terms = terms_of(shelved.shown)
    return {
        "shelved": shelved,
        "chips": tariff_words.chips(terms) if terms else [],
        "places": [place(assignment) for assignment in shelved.assignments],
    }


def place(assignment: TariffAssignment) -> str:
    """Where an assignment reaches, in a word."""
    match assignment.level:
        case "driver":
            return gettext("driver %(number)s") % {"number": assignment.driver}
        case "account":
            return gettext("payer %(name)s") % {"name": assignment.account.name}
        case "everywhere":
            return gettext("everywhere")
    return str(assignment.target)


def _chosen(shelved: TariffSummary, number: str) -> TariffVersion | None:
    """The version asked for by its number, else the one a list shows."""
    return next((version for version in shelved.versions if str(version.number) == number), shelved.shown)


def reading_of(version: TariffVersion | None) -> dict[str, Any]:
    """What a version says, in rows, as a week, with remarks, and as its document."""
    terms = terms_of(version)
    document = json.dumps(version.document, indent=2, ensure_ascii=False) if version else ""
    if terms is None:
        return {"rows": [], "document": document}
    return {
        "rows": tariff_words.rows(terms),
        "bounds": tariff_words.bounds(terms),
        "week": tariff_words.week(terms),
        "remarks": tariff_words.remarks(terms),
        "document": document,
        "currency": terms.currency,
    }


def _history(shelved: TariffSummary) -> list[dict[str, Any]]:
    """Every version with what it changed from the one before."""
    older = [*shelved.versions[1:], None]
    return [
        {"version": version, "changes": changes_of(version, before) if before else []}
        for version, before in zip(shelved.versions, older, strict=True)
    ]


def changes_of(version: TariffVersion, before: TariffVersion | None) -> list[tuple[str, str, str]]:
    """What differs between two versions, price by price: (which price, before, after)."""
    return tariff_words.changes(terms_of(before), terms_of(version))
