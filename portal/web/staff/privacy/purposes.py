"""What the operator says of a purpose, and purposes of its own."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from portal.gate.access import SignedInRequest, operator_view
from portal.words import privacy as words
from portal.words.privacy import KINDS, PEOPLE
from tenants.models import Operator, ProcessingPurpose
from tenants.permissions import Permission
from tenants.privacy import record
from tenants.privacy.record import Processing
from tenants.services.people import processing as services

WORDED = ("title", "why", "basis", "law", "recipients", "transfers", "kept")


class WordsForm(forms.ModelForm):  # type: ignore[type-arg]
    """What the operator says of a purpose that the portal knows. Empty fields stay as the portal has them."""

    class Meta:
        model = ProcessingPurpose
        fields: tuple[str, ...] = WORDED
        widgets = {
            "why": forms.Textarea(attrs={"rows": 3}),
            "recipients": forms.Textarea(attrs={"rows": 2}),
            "transfers": forms.Textarea(attrs={"rows": 2}),
        }
        help_texts = {
            "recipients": gettext_lazy("Whom you yourselves pass the data to, such as a debt collector."),
            "transfers": gettext_lazy("Which countries, and what protects the data there. Empty: none."),
        }


class OwnForm(WordsForm):
    """A purpose of the operator's own, which says everything itself."""

    people = forms.MultipleChoiceField(
        label=gettext_lazy("Whose data"),
        choices=[(each.value, word) for each, word in PEOPLE.items()],
        widget=forms.CheckboxSelectMultiple,
    )
    kinds = forms.MultipleChoiceField(
        label=gettext_lazy("Data"),
        choices=[(each.value, word) for each, word in KINDS.items()],
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta(WordsForm.Meta):
        fields = (*WORDED, "people", "kinds", "is_used")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("title", "why", "basis", "kept"):
            self.fields[name].required = True


@operator_view(Permission.MANAGE_PRIVACY)
def purpose_edit(request: SignedInRequest, operator: Operator, code: str) -> HttpResponse:
    """Word a purpose as the operator does."""
    said = ProcessingPurpose.objects.filter(code=code).first()
    found = _listed(operator, code)
    if found is None and said is None:
        raise Http404
    is_own = found is None or found.known is None
    form = (OwnForm if is_own else WordsForm)(request.POST or None, instance=said)
    if request.method == "POST" and form.is_valid():
        services.say(code, **form.cleaned_data)
        messages.success(request, _("Saved. The record shows it from now on."))
        return redirect("staff:privacy_record", operator.slug)
    title = words.told(found).title if found else str(said)
    context = {"form": form, "title": title, "known": _portals(found)}
    return _page(request, operator, context)


@operator_view(Permission.MANAGE_PRIVACY)
def purpose_new(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Add a purpose of the operator's own."""
    form = OwnForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        row = services.add(**form.cleaned_data)
        messages.success(request, _("%(purpose)s is in the record now.") % {"purpose": row})
        return redirect("staff:privacy_record", operator.slug)
    return _page(request, operator, {"form": form, "title": _("A purpose of your own"), "known": []})


def _listed(operator: Operator, code: str) -> Processing | None:
    listed = record.processings(language=get_language() or operator.language)
    return next((each for each in listed if each.code == code), None)


def _portals(found: Processing | None) -> list[tuple[str, str]]:
    """What the portal says by itself: it stands where a field is left empty."""
    if found is None or found.known is None:
        return []
    told = words.told(record.unsaid(found))
    return [(_("Purpose"), told.title), (_("What it is for"), told.why), *told.facts]


def _page(request: SignedInRequest, operator: Operator, context: dict[str, Any]) -> HttpResponse:
    crumbs = [(_("Record of processing"), reverse("staff:privacy_record", args=[operator.slug]))]
    status = 400 if context["form"].errors else 200
    return render(request, "staff/privacy/purpose.html", {"nav": "privacy", "crumbs": crumbs, **context}, status=status)
