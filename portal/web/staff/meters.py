"""Meters that sign: the keys of a station's outlets, and what billing demands of their signatures."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from charging.domain.signed import keys
from charging.models import Connector, MeterKey, MeterRule, Station
from charging.selectors import signed_values as selectors
from charging.services import meter_keys as services
from portal.gate.access import SignedInRequest, operator_view
from portal.web.acts import attempted
from portal.web.sensible_days import SENSIBLE
from portal.web.staff import stations
from tenants.models import Operator
from tenants.permissions import Permission


def _day(label: Any, **more: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, widget=widget, validators=SENSIBLE, **more)


class DaysForm(forms.Form):
    """From when to when a key is the meter's."""

    since = _day(gettext_lazy("From"), help_text=gettext_lazy("The first day, by the clock of the site."))
    until = _day(
        gettext_lazy("To"),
        required=False,
        help_text=gettext_lazy("The last day. Empty: until further notice."),
    )


class KeyForm(DaysForm):
    """The key of the meter at an outlet."""

    connector = forms.ChoiceField(label=gettext_lazy("Outlet"))
    written = forms.CharField(
        label=gettext_lazy("Public key"),
        max_length=keys.LONGEST,
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy("From the plate or the papers of the meter: hex, base64 or PEM."),
    )
    curve = forms.ChoiceField(
        label=gettext_lazy("Curve"),
        required=False,
        choices=[("", gettext_lazy("as the key itself says")), *((name, name) for name in keys.CURVES)],
        help_text=gettext_lazy("Needed only for a key that does not name its curve."),
    )
    serial = forms.CharField(label=gettext_lazy("Serial number of the meter"), required=False, max_length=50)

    field_order = ("connector", "written", "curve", "serial", "since", "until")

    def __init__(self, station: Station, data: Any = None) -> None:
        super().__init__(data, initial={"since": timezone.localdate(timezone=station.site.zone)})
        field: Any = self.fields["connector"]
        field.choices = [(outlet.number, outlet.number) for outlet in station.connectors.order_by("number")]


class DemandForm(forms.Form):
    """What billing demands."""

    demand = forms.ChoiceField(
        label=gettext_lazy("Before a charge is billed"), choices=MeterRule.Demand.choices, widget=forms.RadioSelect
    )


@operator_view(Permission.MANAGE_NETWORK, without_people=True)
def station_meters(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Show which keys hold at the station's outlets, and since when."""
    station = _station(public_id)
    return _page(request, operator, station, KeyForm(station))


@require_POST
@operator_view(Permission.MANAGE_NETWORK, step_up=True, without_people=True)
def meter_register(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Enter the key of a meter."""
    station = _station(public_id)
    form = KeyForm(station, request.POST)
    if form.is_valid():
        facts = dict(form.cleaned_data)
        outlet = station.connectors.get(number=facts.pop("connector"))
        if attempted(form, services.register, outlet, **facts):
            messages.success(request, _("The key was registered."))
            return redirect("staff:station_meters", operator.slug, station.public_id)
    return _page(request, operator, station, form)


@require_POST
@operator_view(Permission.MANAGE_NETWORK, step_up=True, without_people=True)
def meter_hold(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Let a key hold on other days."""
    key = _key(public_id)
    form = DaysForm(request.POST, prefix=key.public_id.hex)
    if form.is_valid():
        attempted(form, services.hold, key, **form.cleaned_data)
    if form.errors:
        return _page(request, operator, key.connector.station, KeyForm(key.connector.station), days=(key, form))
    messages.success(request, _("Saved."))
    return redirect("staff:station_meters", operator.slug, key.connector.station.public_id)


@require_POST
@operator_view(Permission.MANAGE_NETWORK, step_up=True, without_people=True)
def meter_remove(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Take away a key that was entered by mistake."""
    key = _key(public_id)
    services.remove(key)
    messages.success(request, _("The key was removed."))
    return redirect("staff:station_meters", operator.slug, key.connector.station.public_id)


@operator_view(Permission.MANAGE_OPERATOR, step_up=True, without_people=True)
def meter_rule(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show and change what billing demands of signed values."""
    form = DemandForm(request.POST or None, initial={"demand": selectors.demand()})
    if form.is_valid():
        services.demand(MeterRule.Demand(form.cleaned_data["demand"]))
        messages.success(request, _("Saved. It concerns charges that end from now on."))
        return redirect("staff:meter_rule", operator.slug)
    way = [(_("Stations"), reverse("staff:station_list", args=[operator.slug]))]
    return render(request, "staff/stations/meter_rule.html", {"nav": "stations", "form": form, "crumbs": way})


def _station(public_id: UUID) -> Station:
    return get_object_or_404(Station.objects.select_related("site"), public_id=public_id)


def _key(public_id: UUID) -> MeterKey:
    return get_object_or_404(MeterKey.objects.select_related("connector__station__site"), public_id=public_id)


def _page(
    request: SignedInRequest,
    operator: Operator,
    station: Station,
    form: KeyForm,
    *,
    days: tuple[MeterKey, DaysForm] | None = None,
) -> HttpResponse:
    outlets = Connector.objects.filter(station=station)
    rows = MeterKey.objects.filter(connector__in=outlets).select_related("connector")
    wrong = {days[0].pk: days[1]} if days else {}
    context = {
        "nav": "stations",
        "station": station,
        "keys": [
            (key, wrong.get(key.pk) or _days(key)) for key in rows.order_by("connector__number", "-valid_from", "-pk")
        ],
        "wrong": days[1] if days else None,
        "form": form,
        "demand": selectors.demand().label,
        "crumbs": stations.crumbs(operator, station),
    }
    return render(request, "staff/stations/meters.html", context)


def _days(key: MeterKey) -> DaysForm:
    initial = {"since": key.valid_from, "until": key.valid_until}
    return DaysForm(prefix=key.public_id.hex, initial=initial)
