"""Making and changing a tariff: the form with its live preview, and behind a link the OCPI document itself.

Saving writes the tariff's draft; nothing is priced by a draft. A published version never changes: its
editing starts a new draft from it.
"""

import json
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from billing.domain.errors import BillingError
from billing.models import Tariff
from billing.selectors import tariff_listing, vat_rates
from billing.selectors.tariff_listing import TariffSummary
from billing.services import effects
from billing.services import tariffs as services
from portal.gate.access import SignedInRequest, operator_view
from portal.web.finance.tariffs import painting, preview
from portal.web.finance.tariffs.form import ARRANGING, TariffEntry
from portal.web.finance.tariffs.pages import tariff_or_404, terms_of
from portal.web.finance.tariffs.publish import last_month
from portal.web.finance.tariffs.rows import PriceSheet
from portal.words.say import why
from portal.words.tariff_reach import SILENT
from tenants.bounds import OutOfBounds, json_of
from tenants.models import Operator
from tenants.permissions import Permission


class DocumentForm(forms.Form):
    """The tariff as an OCPI 2.2.1 object, for those who have one."""

    document = forms.CharField(
        label=_("OCPI document"),
        widget=forms.Textarea(attrs={"rows": 28, "spellcheck": "false", "class": "mono"}),
        help_text=_(
            "An OCPI 2.2.1 Tariff object. Prices exclude VAT, unless it says tax_included as OCPI 2.3.0 does;"
            " times are those of the site."
        ),
    )

    def clean_document(self) -> dict[str, Any]:
        """Refuse what is not JSON within bounds. Saving refuses what cannot be priced, naming the field."""
        try:
            document: dict[str, Any] = json_of(self.cleaned_data["document"])
        except OutOfBounds as problem:
            raise ValidationError(why(problem)) from None
        return document


@operator_view(Permission.MANAGE_TARIFFS, without_people=True)
def tariff_new(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Make a tariff: its first draft."""
    standard = vat_rates.standard_rate(operator.country, timezone.now().astimezone(operator.zone).date())
    vat, with_vat = standard.percent if standard else None, operator.prices_include_vat
    entry = _entry(request, sheet=PriceSheet(operator.currency, vat=vat, with_vat=with_vat), name="")
    if _is_saved(request, entry):
        tariff = _create(entry)
        if tariff is not None:
            return redirect("finance:tariff_detail", operator.slug, tariff.public_id)
    page = {"nav": "tariffs", "entry": entry, **_preview(entry, operator, None)}
    return render(request, "finance/tariffs/form.html", page)


@operator_view(Permission.MANAGE_TARIFFS, without_people=True)
def tariff_edit(request: SignedInRequest, operator: Operator, tariff_id: UUID) -> HttpResponse:
    """Change a tariff's draft, or start one from the version in force."""
    shelved = tariff_or_404(tariff_id)
    if request.GET.get("as") == "json":
        return _edit_document(request, operator, shelved)
    source = shelved.draft or shelved.shown
    sheet = PriceSheet.of(source.document if source else {}, currency=shelved.tariff.currency)
    entry = _entry(request, sheet=sheet, name=shelved.tariff.name)
    if _is_saved(request, entry) and _changed(shelved.tariff, entry):
        _ask_for_effect(shelved.tariff, operator)
        messages.success(request, gettext("The draft is saved."))
        return redirect("finance:tariff_detail", operator.slug, tariff_id)
    page = {"nav": "tariffs", "entry": entry, "shelved": shelved, **_preview(entry, operator, shelved)}
    return render(request, "finance/tariffs/form.html", page)


@operator_view(Permission.MANAGE_TARIFFS, without_people=True)
@require_POST
def tariff_preview(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Tell what the tariff comes to as it is entered so far, or which values cannot be read."""
    entry, shelved = TariffEntry(request.POST), _shelved(request.POST.get("tariff", ""))
    told = _preview(entry, operator, shelved) | {"entry": entry, "apart": True}
    return render(request, "finance/tariffs/_preview.html", told)


def _shelved(tariff_id: str) -> TariffSummary | None:
    try:
        return tariff_listing.one(UUID(tariff_id), at=timezone.now())
    except ValueError:
        return None


def _entry(request: SignedInRequest, *, sheet: PriceSheet, name: str) -> TariffEntry:
    if request.method != "POST":
        return TariffEntry(name=name, sheet=sheet)
    if any(button in request.POST for button in ARRANGING):
        return TariffEntry.rearranged(request.POST)
    return TariffEntry(request.POST)


def _is_saved(request: SignedInRequest, entry: TariffEntry) -> bool:
    return request.method == "POST" and "save" in request.POST and entry.is_valid


def _create(entry: TariffEntry) -> Tariff | None:
    """Create the tariff, or put the reason why not into the form."""
    name, sheet = entry.terms.cleaned_data["name"], entry.sheet()
    try:
        return services.create(name=name, currency=sheet.currency, document=sheet.document())
    except BillingError as problem:
        entry.terms.add_error(_field(problem), ValidationError(why(problem)))
        return None


def _changed(tariff: Tariff, entry: TariffEntry) -> bool:
    """Save name and draft, or put the reason why not into the form."""
    try:
        services.rename(tariff, name=entry.terms.cleaned_data["name"])
        services.save_draft(tariff, document=entry.sheet().document())
    except BillingError as problem:
        entry.terms.add_error(_field(problem), ValidationError(why(problem)))
        return False
    return True


def _ask_for_effect(tariff: Tariff, operator: Operator) -> None:
    """Have ready what the draft would have made of last month when it is to be published."""
    effects.ask(tariff.versions.get(published_at=None), month=last_month(operator), at=timezone.now())


def _field(problem: BillingError) -> str | None:
    """The field of the form that a service's refusal is about, if it is one of them."""
    return problem.field if problem.field in ("name", "currency") else None


def _edit_document(request: SignedInRequest, operator: Operator, shelved: TariffSummary) -> HttpResponse:
    source = shelved.draft or shelved.shown
    written = json.dumps(source.document if source else {}, indent=2, ensure_ascii=False)
    form = DocumentForm(request.POST or None, initial={"document": written})
    if request.method == "POST" and form.is_valid() and _saved_document(shelved.tariff, form):
        _ask_for_effect(shelved.tariff, operator)
        messages.success(request, gettext("The draft is saved."))
        return redirect("finance:tariff_detail", operator.slug, shelved.tariff.public_id)
    return render(request, "finance/tariffs/document.html", {"nav": "tariffs", "shelved": shelved, "form": form})


def _saved_document(tariff: Tariff, form: DocumentForm) -> bool:
    try:
        services.save_draft(tariff, document=form.cleaned_data["document"])
    except BillingError as problem:
        form.add_error("document", ValidationError(why(problem)))
        return False
    return True


def _preview(entry: TariffEntry, operator: Operator, shelved: TariffSummary | None) -> dict[str, Any]:
    """What the entered tariff says and costs, beside the version in force; or what in it cannot be read.

    `lines`: the rows of the page, each with when it counts. `week`: which row gives each hour its price.
    """
    judged = entry.as_sent()
    week = {"week": painting.of_rows(judged, entry.painted)}
    if not judged.is_valid:
        return week | {"problems": list(judged.problems()), "lines": [(row, SILENT) for row in entry.rows]}
    numbers = [number for number, row in enumerate(judged.rows, start=1) if not row.says_nothing]
    current = terms_of(shelved.current) if shelved else None
    told = preview.of_sheet(judged.sheet(), numbers, judged.example, operator, current)
    counting = told.get("counting", {})
    lines = [(row, counting.get(number, SILENT)) for number, row in enumerate(entry.rows, start=1)]
    return week | told | {"lines": lines}
