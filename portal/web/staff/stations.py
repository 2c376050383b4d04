"""Stations: the list, one with its connectors, their states and its latest sessions, and the form."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet, Value
from django.db.models.functions import Concat
from django.forms.models import model_to_dict
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.selectors import session_ledger
from charging.models import Site, Station
from charging.selectors import late_charges, sessions, station_commands, station_habits, stations
from charging.selectors.sessions import Criteria
from charging.services import stations as services
from charging.services.stations import Outlet
from charging.site_scope import visible_sites
from portal.files.tables import FileColumn
from portal.gate.access import SignedInRequest, operator_view
from portal.web import list_files, lists, tables
from portal.web.acts import attempted
from portal.web.staff import sites
from portal.web.staff.merging import MergeForm
from portal.web.staff.sessions.columns import SESSIONS
from portal.web.tables import Column, Table
from portal.words import station_habits as station_habit_words
from portal.words.sessions import SOCKETS
from tenants.models import Operator
from tenants.permissions import Permission

SESSIONS_SHOWN = 10


STATES_SHOWN = 30
#: What does not work stands first until somebody sorts by something else.
STATIONS = Table(
    "stations",
    (
        Column("station", gettext_lazy("Station"), by="identifier", is_fixed=True),
        Column("site", gettext_lazy("Site"), by="site__name"),
        Column("connectors", gettext_lazy("Connectors")),
        Column("since", gettext_lazy("Faulty since")),
        Column("make", gettext_lazy("Make"), by=Concat("vendor", Value(" "), "model"), css="rest"),
        Column("phone", gettext_lazy("Phone"), is_optional=True),
    ),
    order="",
)


class StationFilter(forms.Form):
    """What the list of stations is narrowed to."""

    q = forms.CharField(label=gettext_lazy("Station or site"), required=False, max_length=100, widget=forms.SearchInput)
    condition = forms.ChoiceField(
        label=gettext_lazy("Right now"),
        required=False,
        choices=[
            ("", gettext_lazy("Any")),
            (stations.FAULTY, gettext_lazy("out of order")),
            (stations.CHARGING, gettext_lazy("charging")),
            (stations.FREE, gettext_lazy("available")),
            (stations.SILENT, gettext_lazy("not heard of")),
        ],
    )
    closed = forms.BooleanField(label=gettext_lazy("Also stations not in use"), required=False)


class StationForm(forms.ModelForm):  # type: ignore[type-arg]
    """A station's particulars. Whether the identifier is free is the service's to say."""

    site = forms.ModelChoiceField(Site.objects.none(), label=gettext_lazy("Site"), to_field_name="public_id")

    class Meta:
        model = Station
        fields = ("identifier", "name", "vendor", "model", "note", "counts_exported", "is_active")
        widgets = {"note": forms.Textarea({"rows": 3})}
        labels = {
            "is_active": gettext_lazy("In use"),
            "vendor": gettext_lazy("Maker"),
            "counts_exported": gettext_lazy("Its meter is connected the wrong way round"),
        }
        help_texts = {
            "identifier": gettext_lazy("As files and protocols call the station."),
            "note": gettext_lazy("For colleagues: where it stands, how one gets to it, what it tends to do."),
            "counts_exported": gettext_lazy(
                "Where the station tells no imported energy, its exported energy is taken for it."
            ),
        }

    field_order = ("site", "identifier", "name", "vendor", "model", "note", "counts_exported", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["site"].queryset = Site.objects.order_by("name")  # type: ignore[attr-defined]


class OutletForm(forms.Form):
    """One connector of a station. Power is entered in kW."""

    number = forms.CharField(label=gettext_lazy("Number"), max_length=20)
    standard = forms.ChoiceField(label=gettext_lazy("Socket"), required=False, choices=SOCKETS)
    max_power_kw = forms.DecimalField(
        label=gettext_lazy("Maximum power, kW"),
        required=False,
        min_value=0,
        max_value=2000,
        max_digits=7,
        decimal_places=3,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        present = self.get_initial_for_field(self.fields["standard"], "standard")
        if present and present not in dict(SOCKETS):
            self.fields["standard"].choices = [*SOCKETS, (present, present)]  # type: ignore[attr-defined]

    def outlet(self) -> Outlet:
        """The row as the service wants it."""
        data = self.cleaned_data
        power = data["max_power_kw"]
        return Outlet(data["number"], data["standard"], None if power is None else int(power * 1000))


Outlets = forms.formset_factory(OutletForm, extra=2, max_num=20, validate_max=True)


@operator_view(Permission.VIEW_NETWORK, without_people=True)
def station_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List the stations, what does not work first."""
    if tidy := lists.untidy(request):
        return tidy
    filters = StationFilter(request.GET)
    rows = _listed(filters)
    shown = tables.shown(STATIONS, request).within(rows)
    page = shown.page(rows, request)
    context = {"nav": "stations", "filters": filters, "shown": shown, "page": page, "now": timezone.now()}
    return render(request, "staff/stations/list.html", context)


@operator_view(Permission.VIEW_NETWORK, takes_out=True, without_people=True)
def station_export(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send exactly the listed stations as a file."""
    filters = StationFilter(request.GET)
    return list_files.answer(
        request,
        tables.shown(STATIONS, request),
        _listed(filters),
        filters=filters,
        columns=[
            FileColumn(_("Station"), lambda row: row.identifier),
            FileColumn(_("What the station is called"), lambda row: row.name),
            FileColumn(_("Site"), lambda row: row.site.name),
            FileColumn(_("Connectors"), lambda row: ", ".join(connector.number for connector in row.outlets)),
            FileColumn(_("Out of order"), lambda row: row.faulty),
            FileColumn(_("Faulty since"), lambda row: _local(row.faulty_since, operator)),
            FileColumn(_("Maker"), lambda row: row.vendor),
            FileColumn(_("Model"), lambda row: row.model),
            FileColumn(_("Phone"), lambda row: row.site.phone),
            FileColumn(_("In use"), lambda row: row.is_active),
        ],
        back=reverse("staff:station_list", args=[operator.slug]),
    )


def _local(moment: datetime | None, operator: Operator) -> datetime | None:
    return moment and moment.astimezone(operator.zone).replace(tzinfo=None, microsecond=0)


def _listed(filters: StationFilter) -> QuerySet[Station]:
    asked = filters.cleaned_data if filters.is_valid() else {}
    active = None if asked.get("closed") else True
    return stations.faulty_first(
        stations.listing(asked.get("q", ""), condition=asked.get("condition", ""), active=active)
    )


@operator_view(Permission.VIEW_NETWORK)
def station_detail(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Show a station's connectors as they are now, and its latest sessions."""
    station = get_object_or_404(stations.whole(Station.objects.all()), public_id=public_id)
    now, link = timezone.now(), stations.link(station)
    may_manage = request.access.may(Permission.MANAGE_NETWORK)
    known = station_habits.of(station) if link and may_manage else None
    latest = sessions.shown(sessions.listing(Criteria(station=station))).order_by("-started_at", "-pk")
    return render(
        request,
        "staff/stations/detail.html",
        {
            "nav": "sites",
            "station": station,
            "shown": SESSIONS.part("started", "driver", "duration", "energy", "amount", "billing"),
            "entries": session_ledger.entries(latest[:SESSIONS_SHOWN]) if _may_see_sessions(request) else [],
            "merged": list(station.merged.order_by("pk")),
            "merge_form": MergeForm(of=Station),
            "states": list(stations.states(station)[:STATES_SHOWN]),
            "link": link,
            "halt": stations.halt(station),
            "is_connected": link is not None and link.is_connected_at(now),
            "schedules": station_commands.schedules(station) if may_manage else [],
            "known": known,
            "made": station_habit_words.made(known.made) if known and known.made else [],
            "habits": station_habit_words.told(known.habits) if known else [],
            "late": late_charges.at_station(station, zone=station.site.zone, at=now) if link else [],
            "now": now,
            "crumbs": sites.crumbs(operator, station.site),
        },
    )


@operator_view(Permission.MANAGE_NETWORK, without_people=True)
def station_new(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Add a station with its connectors. Not for somebody limited to some sites: see `stations.change`."""
    if visible_sites() is not None:
        raise PermissionDenied(_("You work for some of the sites only, so you cannot add a station."))
    form = StationForm(request.POST or None, initial={"site": request.GET.get("site", ""), "is_active": True})
    outlets = Outlets(request.POST or None, prefix="outlets", initial=[{"number": "1"}])
    if _both_valid(form, outlets) and (station := attempted(form, services.create, **_facts(form, outlets))):
        return _saved(request, operator, station)
    return _form(request, form, outlets, crumbs=sites.crumbs(operator))


@operator_view(Permission.MANAGE_NETWORK, without_people=True)
def station_edit(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Change a station and its connectors."""
    station = get_object_or_404(stations.listing(), public_id=public_id)
    form = StationForm(request.POST or None, initial={**model_to_dict(station), "site": station.site.public_id})
    outlets = Outlets(request.POST or None, prefix="outlets", initial=_initial(station))
    if _both_valid(form, outlets) and attempted(form, services.change, station, **_facts(form, outlets)) is not None:
        return _saved(request, operator, station)
    return _form(request, form, outlets, station=station, crumbs=crumbs(operator, station))


def crumbs(operator: Operator, station: Station) -> list[tuple[str, str]]:
    """Return the way down to the station."""
    url = reverse("staff:station_detail", args=[operator.slug, station.public_id])
    return [*sites.crumbs(operator, station.site), (str(station), url)]


def _may_see_sessions(request: SignedInRequest) -> bool:
    return request.access.may(Permission.VIEW_SESSIONS)


def _both_valid(form: StationForm, outlets: Any) -> bool:
    valid = [form.is_valid(), outlets.is_valid()]  # both, so that all errors show at once
    return all(valid)


def _facts(form: StationForm, outlets: Any) -> dict[str, Any]:
    rows = [row.outlet() for row in outlets if row.cleaned_data.get("number")]
    return {**form.cleaned_data, "outlets": rows}


def _initial(station: Station) -> list[dict[str, Any]]:
    return [
        {"number": outlet.number, "standard": outlet.standard, "max_power_kw": _kw(outlet.max_power_w)}
        for outlet in station.connectors.order_by("number")
    ]


def _kw(power_w: int | None) -> Decimal | None:
    return None if power_w is None else (Decimal(power_w) / 1000).normalize()


def _saved(request: HttpRequest, operator: Operator, station: Station) -> HttpResponse:
    messages.success(request, _("%(station)s was saved.") % {"station": station})
    return redirect("staff:station_detail", operator.slug, station.public_id)


def _form(request: HttpRequest, form: StationForm, outlets: Any, **more: Any) -> HttpResponse:
    return render(request, "staff/stations/form.html", {"nav": "sites", "form": form, "outlets": outlets, **more})
