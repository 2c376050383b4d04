"""Making and changing a tariff: the form, its live preview, and the OCPI document for those who need more.

Saving writes the tariff's draft; nothing is priced by a draft. A published version never changes: its
editing starts a new draft from it.
"""

import json
from decimal import Decimal
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
from billing.domain.explained.price_of import session_price
from billing.domain.kernel.rating import rate
from billing.models import Tariff
from billing.selectors.tariff_listing import TariffSummary
from billing.services import tariffs as services
from portal.gate.access import SignedInRequest, operator_view
from portal.web.finance.tariff_forms import TariffEntry, fits_the_form
from portal.web.finance.tariff_terms import Terms
from portal.web.finance.tariffs import found, terms_of
from portal.words import prices as price_words
from portal.words import tariffs as tariff_words
from portal.words.say import why
from tenants.bounds import OutOfBounds, json_of
from tenants.models import Operator
from tenants.permissions import Permission

#: What a new tariff begins with, by the operator's country; a person decides.
STANDARD_VAT = {"SE": Decimal(25), "NO": Decimal(25), "DK": Decimal(25), "FI": Decimal("25.5")}
ROW_BUTTONS = ("add_window", "remove_window")


class DocumentForm(forms.Form):
    """The tariff as an OCPI 2.2.1 object, for what the plain form cannot say."""

    document = forms.CharField(
        label=_("OCPI document"),
        widget=forms.Textarea(attrs={"rows": 28, "spellcheck": "false", "class": "mono"}),
        help_text=_("An OCPI 2.2.1 Tariff object. Prices exclude VAT; times are those of the site."),
    )

    def clean_document(self) -> dict[str, Any]:
        """Refuse what is not JSON within bounds. Saving refuses what cannot be priced, naming the place."""
        try:
            document: dict[str, Any] = json_of(self.cleaned_data["document"])
        except OutOfBounds as problem:
            raise ValidationError(why(problem)) from None
        return document


@operator_view(Permission.MANAGE_TARIFFS)
def tariff_new(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Make a tariff: its first draft."""
    entry = _entry(request, terms=Terms(operator.currency, vat=STANDARD_VAT.get(operator.country)), name="")
    if _is_saved(request, entry):
        tariff = _create(entry)
        if tariff is not None:
            return redirect("finance:tariff_detail", operator.slug, tariff.public_id)
    return render(request, "finance/tariffs/form.html", {"nav": "tariffs", "entry": entry, **_preview(entry, operator)})


@operator_view(Permission.MANAGE_TARIFFS)
def tariff_edit(request: SignedInRequest, operator: Operator, tariff_id: UUID) -> HttpResponse:
    """Change a tariff's draft, or start one from the version in force; by the form where it can say all."""
    shelved = found(tariff_id)
    source = shelved.draft or shelved.shown
    written = terms_of(source)
    terms = Terms.of(written) if written else None
    if request.GET.get("as") == "json" or terms is None or not fits_the_form(terms):
        return _edit_document(request, operator, shelved)
    entry = _entry(request, terms=terms, name=shelved.tariff.name)
    if _is_saved(request, entry) and _changed(shelved.tariff, entry):
        messages.success(request, gettext("The draft is saved."))
        return redirect("finance:tariff_detail", operator.slug, tariff_id)
    page = {"nav": "tariffs", "entry": entry, "shelved": shelved, **_preview(entry, operator)}
    return render(request, "finance/tariffs/form.html", page)


@operator_view(Permission.MANAGE_TARIFFS)
@require_POST
def tariff_preview(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Price the example session by what is entered so far, by the kernel that prices real ones."""
    entry = TariffEntry(request.POST)
    return render(request, "finance/tariffs/_preview.html", _preview(entry, operator))


def _entry(request: SignedInRequest, *, terms: Terms, name: str) -> TariffEntry:
    if request.method != "POST":
        return TariffEntry(name=name, terms=terms)
    if any(button in request.POST for button in ROW_BUTTONS):
        return TariffEntry.rearranged(request.POST)
    return TariffEntry(request.POST)


def _is_saved(request: SignedInRequest, entry: TariffEntry) -> bool:
    return request.method == "POST" and "save" in request.POST and entry.is_valid()


def _create(entry: TariffEntry) -> Tariff | None:
    """Create the tariff, or put the reason why not into the form."""
    name, currency = entry.form.cleaned_data["name"], entry.form.cleaned_data["currency"]
    try:
        return services.create(name=name, currency=currency, document=_document(entry))
    except BillingError as problem:
        entry.form.add_error(_field(problem), ValidationError(why(problem)))
        return None


def _changed(tariff: Tariff, entry: TariffEntry) -> bool:
    """Save name and draft, or put the reason why not into the form."""
    try:
        services.rename(tariff, name=entry.form.cleaned_data["name"])
        services.save_draft(tariff, document=_document(entry))
    except BillingError as problem:
        entry.form.add_error(_field(problem), ValidationError(why(problem)))
        return False
    return True


def _document(entry: TariffEntry) -> dict[str, Any]:
    """What was entered as an OCPI document; its id is the tariff's own."""
    return {key: value for key, value in entry.terms().tariff("").to_ocpi().items() if key != "id"}


def _field(problem: BillingError) -> str | None:
    """The field of the form that a service's refusal is about, if it is one of them."""
    return problem.field if problem.field in ("name", "currency") else None


def _edit_document(request: SignedInRequest, operator: Operator, shelved: TariffSummary) -> HttpResponse:
    source = shelved.draft or shelved.shown
    written = json.dumps(source.document if source else {}, indent=2, ensure_ascii=False)
    form = DocumentForm(request.POST or None, initial={"document": written})
    if request.method == "POST" and form.is_valid() and _saved_document(shelved.tariff, form):
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


def _preview(entry: TariffEntry, operator: Operator) -> dict[str, Any]:
    """What the entered tariff says and costs; nothing while it cannot be priced yet."""
    if not entry.form.is_bound or not entry.is_valid():
        return {"waiting": True}
    tariff = entry.terms().tariff("preview")
    today = timezone.now().astimezone(operator.zone).date()
    priced = session_price(rate(entry.example.session(zone=operator.time_zone, today=today), tariff), 0)
    return {
        "story": price_words.story(priced, operator.zone),
        "week": tariff_words.week(tariff),
        "remarks": tariff_words.remarks(tariff),
    }
