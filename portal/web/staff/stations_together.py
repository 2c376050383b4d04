"""The same asked of many stations at once: new firmware for all of a make, a restart, back into use."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from charging.domain.ocpp.commands import Kind
from charging.models import Station
from charging.selectors import station_settings as settings_known
from charging.selectors import words
from charging.services import station_commands as services
from portal.gate.access import SignedInRequest, operator_view
from portal.web import lists
from portal.web.staff.station_commands import FORMS, CommandForm
from tenants.models import Operator
from tenants.permissions import Permission

SHOWN = 100
#: What makes sense for many, and needs nothing that differs from one to the next.
KINDS = (Kind.UPDATE_FIRMWARE, Kind.AVAILABILITY, Kind.RESET, Kind.READ_SETTINGS, Kind.FORGET_CARDS, Kind.EMPTY_LIST)


class TogetherFilter(forms.Form):
    """Which stations are chosen from."""

    q = forms.CharField(
        label=gettext_lazy("Station, site, maker or model"),
        required=False,
        max_length=100,
        widget=forms.SearchInput,
    )


class ChosenForm(forms.Form):
    """The stations that were ticked."""

    station = forms.ModelMultipleChoiceField(Station.objects.none(), to_field_name="public_id")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["station"].queryset = settings_known.stations()  # type: ignore[attr-defined]


@operator_view(Permission.MANAGE_NETWORK, without_people=True)
def stations_together(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show stations to choose from, and what they can be asked together."""
    if tidy := lists.untidy(request):
        return tidy
    return _page(request, operator)


@require_POST
@operator_view(Permission.MANAGE_NETWORK, step_up=True, without_people=True)
def stations_order(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Ask the ticked stations; each for itself: one that cannot be asked stops no other."""
    kind = next((each for each in KINDS if each == request.POST.get("kind")), None)
    chosen = ChosenForm(request.POST)
    if kind is None or not chosen.is_valid():
        messages.error(request, _("Nothing was sent: choose stations, and what they are to do."))
        return redirect("staff:stations_together", operator.slug)
    form = FORMS[kind](None, request.POST)
    if not form.is_valid():
        return _page(request, operator, wrong=form, ticked=list(chosen.cleaned_data["station"]))
    stations = list(chosen.cleaned_data["station"])
    refused = services.ask_all([(station, _wanted(kind, request, station)) for station in stations], kind,
                               by=request.user, at=timezone.now())  # fmt: skip
    asked = len(stations) - len(refused)
    words_ = ngettext("%(count)d station was asked.", "%(count)d stations were asked.", asked)
    messages.success(request, words_ % {"count": asked})
    if refused:
        told = ", ".join(refused)
        messages.error(request, _("Not asked, as too much waits there: %(stations)s") % {"stations": told})
    return redirect("staff:stations_together", operator.slug)


def _wanted(kind: Kind, request: SignedInRequest, station: Station) -> dict[str, Any]:
    """What belongs to it, with times by the clock of the station's own site."""
    with timezone.override(station.site.zone):
        form = FORMS[kind](None, request.POST)
        form.full_clean()
        return form.wanted()


def _found(search: str) -> QuerySet[Station]:
    rows = settings_known.stations()
    made = Q(vendor__icontains=search) | Q(model__icontains=search)
    return rows.filter(words.of_station(search) | made) if search else rows


def _page(
    request: SignedInRequest,
    operator: Operator,
    *,
    wrong: CommandForm | None = None,
    ticked: Sequence[Station] = (),
) -> HttpResponse:
    filters = TogetherFilter(request.GET)
    search = filters.cleaned_data["q"].strip() if filters.is_valid() else ""
    context = {
        "nav": "stations",
        "filters": filters,
        "search": search,
        "page": lists.page(_found(search), request, by="id", size=SHOWN),
        "forms": [wrong if wrong and wrong.kind == kind else FORMS[kind](None) for kind in KINDS],
        "wrong": wrong,
        "ticked": {station.pk for station in ticked},
        "crumbs": [(_("Stations"), reverse("staff:station_list", args=[operator.slug]))],
    }
    return render(request, "staff/stations/together.html", context, status=400 if wrong else 200)
