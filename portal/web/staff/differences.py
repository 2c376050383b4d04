"""What files say of sessions that are stored otherwise: side by side, in money, and decided many at once."""

from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Coalesce
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from billing.selectors import differences
from billing.selectors.differences import Difference
from billing.services import corrections as services
from billing.services.corrections import Outcome
from charging.models import Correction, FileImport
from portal.files.tables import FileColumn, local
from portal.gate.access import SignedInRequest, operator_view
from portal.gate.next_page import next_page
from portal.web import list_files, lists, tables
from portal.web.acts import told
from portal.web.staff import review
from portal.web.tables import Column, Table
from portal.words import corrections as words
from portal.words.say import why
from tenants.models import Operator
from tenants.permissions import Permission

TAKE_OVER, KEEP = "take_over", "keep"
REASONS_SHOWN = 3
DIFFERENCES = Table(
    "differences",
    (
        Column("session", _("Session"), by=F("session__started_at"), is_fixed=True),
        Column("differs", _("What is stored → what the file says")),
        Column("now", _("Price now"), css="num"),
        Column("then", _("Price then"), css="num"),
        Column("file", _("File"), by=Coalesce("file_import__file_name", Value(""))),
        Column("arrived", _("Arrived"), by="id", is_indexed=True, is_optional=True),
    ),
    order="-arrived",
)


class DifferenceFilter(forms.Form):
    """Which differences are listed: of a file, or of a session."""

    q = forms.CharField(label=_("Session"), required=False, max_length=100, widget=forms.SearchInput)
    file = forms.ModelChoiceField(
        FileImport.objects.none(), label=_("File"), required=False, to_field_name="public_id", empty_label=_("All")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asked = forms.UUIDField().to_python  # of a file whose last difference was decided the list is empty
        try:
            named = asked(self.data.get("file"))
        except forms.ValidationError:
            named = None
        self.fields["file"].queryset = differences.files(named)  # type: ignore[attr-defined]

    @cached_property
    def rows(self) -> QuerySet[Correction]:
        """The differences that the filter means; none when it cannot be read, so that nothing else is decided."""
        if not self.is_valid():
            return Correction.objects.none()
        return differences.open_ones(self.cleaned_data["file"], session=self.cleaned_data["q"])


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
    """List the open differences: what is stored beside what arrived, and what that means in money.

    The newest stand first unless they are sorted otherwise.
    """
    if tidy := lists.untidy(request):
        return tidy
    filters = DifferenceFilter(request.GET)
    shown = tables.shown(DIFFERENCES, request).within(filters.rows)
    page = shown.page(filters.rows, request)
    context = {
        "nav": "review",
        "tabs": review.tabs(operator, current=review.DIFFERENCES),
        "filters": filters,
        "total": filters.rows.count(),
        "most": review.MOST_AT_ONCE,
        "shown": shown,
        "page": page,
        "rows": [(difference, words.told(difference)) for difference in differences.beside(list(page.rows))],
        "form": DifferenceForm(),
    }
    return render(request, "staff/differences/list.html", context)


@operator_view(Permission.REVIEW_SESSIONS, step_up=True, takes_out=True)
def difference_export(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send exactly the listed differences as a file, a row each."""
    filters = DifferenceFilter(request.GET)
    return list_files.answer(
        request,
        tables.shown(DIFFERENCES, request),
        filters.rows,
        filters=filters,
        columns=[
            FileColumn(gettext("Session"), lambda row: row.entry.session.external_id),
            FileColumn(gettext("Started"), lambda row: local(row.entry.session.started_at, operator)),
            FileColumn(gettext("Time zone"), lambda row: operator.time_zone),
            FileColumn(gettext("Station"), lambda row: str(row.entry.session.station)),
            FileColumn(gettext("What is stored → what the file says"), _in_a_line),
            FileColumn(gettext("Price now"), lambda row: row.now, is_amount=True),
            FileColumn(gettext("Price then"), lambda row: row.then, is_amount=True),
            FileColumn(gettext("Currency"), lambda row: row.currency),
            FileColumn(gettext("File"), lambda row: str(row.correction.file_import or "")),
            FileColumn(gettext("Line"), lambda row: row.correction.line_number),
            FileColumn(gettext("Arrived"), lambda row: local(row.correction.created_at, operator)),
        ],
        back=reverse("staff:difference_list", args=[operator.slug]),
        read=_beside,
    )


def _in_a_line(row: Difference) -> str:
    return "; ".join(f"{fact}: {stored} → {said}" for fact, stored, said in words.told(row))


def _beside(rows: QuerySet[Correction]) -> Iterator[Difference]:
    every = rows.iterator(chunk_size=review.MOST_AT_ONCE)
    while some := list(islice(every, review.MOST_AT_ONCE)):
        yield from differences.beside(some)


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
    meant = DifferenceFilter(request.POST).rows if data["everything"] else data["differences"]
    if data["everything"] and not review.are_as_shown(request, meant):
        return redirect(back)
    chosen = list(meant[: review.MOST_AT_ONCE])
    decided: dict[str, Any] = {"reason": data["reason"], "at": timezone.now()}
    if data["decision"] == KEEP:
        told(request, _kept(len(chosen)), services.keep, chosen, **decided)
    elif outcome := told(request, "", services.take_over, chosen, **decided):
        _say_outcome(request, outcome)
    return redirect(back)


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
