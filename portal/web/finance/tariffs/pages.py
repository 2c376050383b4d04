"""Tariffs: the shelf, and one tariff with its prices, its week, its versions, and where it applies."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from billing.domain.errors import BillingError
from billing.domain.tariff import model as ocpi
from billing.models import Tariff, TariffAssignment, TariffVersion
from billing.selectors import tariff_listing
from billing.selectors.tariff_listing import TariffSummary
from portal.files.tables import FileColumn
from portal.gate.access import SignedInRequest, operator_view
from portal.web import list_files, lists, tables
from portal.web.finance.tariffs.assign_form import AssignForm
from portal.web.tables import Column, Table
from portal.words import tariffs as tariff_words
from tenants.models import Operator
from tenants.permissions import Permission

#: Archived ones stand last, where they are asked for, until somebody sorts by something else.
TARIFFS = Table(
    "tariffs",
    (
        Column("tariff", gettext_lazy("Tariff"), by="name", is_fixed=True),
        Column("prices", gettext_lazy("Prices, including VAT")),
        Column("applies", gettext_lazy("Applies")),
        Column("state", gettext_lazy("State")),
        Column("version", gettext_lazy("Version"), css="num"),
    ),
    order="",
)


class TariffFilter(forms.Form):
    """What the list of tariffs is narrowed to."""

    q = forms.CharField(label=gettext_lazy("Name"), required=False, max_length=100, widget=forms.SearchInput)
    archived = forms.ChoiceField(
        label=gettext_lazy("Archived"),
        choices=[
            ("", gettext_lazy("not shown")),
            ("all", gettext_lazy("shown as well")),
            ("only", gettext_lazy("shown alone")),
        ],
        required=False,
    )


@operator_view(Permission.VIEW_TARIFFS, without_people=True)
def tariff_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List the tariffs with their prices, their state and where they apply."""
    if tidy := lists.untidy(request):
        return tidy
    filters = TariffFilter(request.GET)
    rows = _listed(filters)
    shown = tables.shown(TARIFFS, request).within(rows)
    page = shown.page(rows, request)
    shelf = [_entry(shelved) for shelved in tariff_listing.told(page.rows, at=timezone.now())]
    context = {"nav": "tariffs", "filters": filters, "shown": shown, "page": page, "shelf": shelf}
    context["has_any"] = bool(shelf) or Tariff.objects.exists()
    return render(request, "finance/tariffs/list.html", context)


@operator_view(Permission.VIEW_TARIFFS, takes_out=True, without_people=True)
def tariff_export(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send exactly the listed tariffs as a file."""
    filters = TariffFilter(request.GET)
    return list_files.answer(
        request,
        tables.shown(TARIFFS, request),
        _listed(filters),
        filters=filters,
        columns=[
            FileColumn(gettext("Tariff"), lambda row: row["shelved"].tariff.name),
            FileColumn(gettext("Prices, including VAT"), lambda row: "; ".join(str(chip) for chip in row["chips"])),
            FileColumn(gettext("Applies"), lambda row: ", ".join(row["targets"])),
            FileColumn(gettext("Version"), lambda row: row["shelved"].shown and row["shelved"].shown.number),
            FileColumn(gettext("In force since"), lambda row: _since(row["shelved"], operator)),
            FileColumn(
                gettext("Archived"), lambda row: gettext("yes") if row["shelved"].tariff.is_archived else gettext("no")
            ),
        ],
        back=reverse("finance:tariff_list", args=[operator.slug]),
        read=lambda rows: map(_entry, tariff_listing.told(list(rows), at=timezone.now())),
    )


def _since(shelved: TariffSummary, operator: Operator) -> datetime | None:
    begun = shelved.current.valid_from if shelved.current else None
    return begun and begun.astimezone(operator.zone).replace(tzinfo=None, microsecond=0)


def _listed(filters: TariffFilter) -> QuerySet[Tariff]:
    if not filters.is_valid():
        return Tariff.objects.none()
    wanted = {"": False, "all": None, "only": True}[filters.cleaned_data["archived"]]
    return tariff_listing.listing(filters.cleaned_data["q"], archived=wanted)


@operator_view(Permission.VIEW_TARIFFS, without_people=True)
def tariff_detail(request: SignedInRequest, operator: Operator, tariff_id: UUID) -> HttpResponse:
    """Show one tariff: its prices, its week, its versions with what changed, and where it applies."""
    shelved = tariff_or_404(tariff_id)
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


def tariff_or_404(tariff_id: UUID) -> TariffSummary:
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
        "targets": [target_of(assignment) for assignment in shelved.assignments],
    }


def target_of(assignment: TariffAssignment) -> str:
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
