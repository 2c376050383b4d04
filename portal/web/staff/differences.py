"""What files say of sessions that are stored otherwise: side by side, in money, and decided many at once."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from billing.selectors import differences
from billing.services import corrections as services
from billing.services.corrections import Outcome
from charging.models import Correction, FileImport
from portal.gate.access import SignedInRequest, operator_view
from portal.gate.next_page import next_page
from portal.web import lists
from portal.web.acts import told
from portal.web.staff import review
from portal.words import corrections as words
from portal.words.say import why
from tenants.models import Operator
from tenants.permissions import Permission

TAKE_OVER, KEEP = "take_over", "keep"
PAGE_SIZE = 25
REASONS_SHOWN = 3


class DifferenceFilter(forms.Form):
    """Of which file the differences are."""

    file = forms.ModelChoiceField(FileImport.objects.none(), required=False, to_field_name="public_id")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].queryset = FileImport.objects.all()  # type: ignore[attr-defined]


class DifferenceForm(forms.Form):
    """What becomes of differences, and why. `everything`: all of the list are meant, whatever is ticked."""

    differences = forms.ModelMultipleChoiceField(
        Correction.objects.none(), to_field_name="public_id", widget=forms.MultipleHiddenInput, required=False
    )
    everything = forms.BooleanField(required=False)
    decision = forms.ChoiceField(choices=[(TAKE_OVER, _("Take over")), (KEEP, _("Keep what is stored"))])
    reason = forms.CharField(
        label=_("Reason"), max_length=300, help_text=_("Such as “the meter was read again” or “a file of a test”.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["differences"].queryset = differences.open_ones()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if not found.get("everything") and not found.get("differences") and "differences" not in self.errors:
            self.add_error("differences", gettext("Choose at least one row."))
        return found


@operator_view(Permission.REVIEW_SESSIONS)
def difference_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List the open differences, newest first: what is stored beside what arrived, and what that means in money."""
    file = _file(request)
    rows = differences.open_ones(file)
    page = lists.page(rows, request, by="id", size=PAGE_SIZE)
    context = {
        "nav": "review",
        "tabs": review.tabs(operator, current=review.DIFFERENCES),
        "file": file,
        "total": rows.count(),
        "most": review.MOST_AT_ONCE,
        "page": page,
        "rows": [(difference, words.told(difference)) for difference in differences.beside(list(page.rows))],
        "form": DifferenceForm(),
    }
    return render(request, "staff/differences/list.html", context)


@operator_view(Permission.REVIEW_SESSIONS)
@require_POST
def difference_decide(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Take the chosen differences over, or keep what is stored, all with the same reason."""
    form = DifferenceForm(request.POST)
    back = next_page(request, reverse("staff:difference_list", args=[operator.slug]))
    if not form.is_valid():
        review.say_errors(request, form)
        return redirect(back)
    data = form.cleaned_data
    meant = differences.open_ones(_file(request)) if data["everything"] else data["differences"]
    if data["everything"] and not review.are_as_shown(request, meant):
        return redirect(back)
    chosen = list(meant[: review.MOST_AT_ONCE])
    decided: dict[str, Any] = {"reason": data["reason"], "at": timezone.now()}
    if data["decision"] == KEEP:
        told(request, _kept(len(chosen)), services.keep, chosen, **decided)
    elif outcome := told(request, "", services.take_over, chosen, **decided):
        _say_outcome(request, outcome)
    return redirect(back)


def _file(request: SignedInRequest) -> FileImport | None:
    filters = DifferenceFilter(request.GET or request.POST)
    return filters.cleaned_data["file"] if filters.is_valid() else None


def _kept(count: int) -> str:
    words_of = ngettext(
        "%(count)d session stays as it is stored.", "%(count)d sessions stay as they are stored.", count
    )
    return words_of % {"count": count}


def _say_outcome(request: SignedInRequest, outcome: Outcome) -> None:
    if outcome.taken:
        done = ngettext("%(count)d row was taken over.", "%(count)d rows were taken over.", outcome.taken)
        messages.success(request, done % {"count": outcome.taken})
    for refusal in outcome.refused[:REASONS_SHOWN]:
        messages.error(request, why(refusal))
    if more := len(outcome.refused[REASONS_SHOWN:]):
        rest = ngettext("The same holds for %(count)d more.", "The same holds for %(count)d more.", more)
        messages.error(request, rest % {"count": more})
