"""Asking something of a station: what was asked and answered, and a form for each thing that can be."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from charging.domain.ocpp.commands import Kind
from charging.models import Station, Token
from charging.selectors import station_commands as selectors
from charging.selectors import stations as stations_known
from charging.services import station_commands as services
from portal.gate.access import SignedInRequest, operator_view
from portal.web import lists
from portal.web.acts import attempted
from portal.web.staff import stations
from portal.words.station_commands import TRIGGERS
from tenants.models import Operator
from tenants.permissions import Permission

#: What does no harm. Everything else wants a fresh proof of who asks.
GENTLE = (Kind.STOP, Kind.TRIGGER, Kind.READ_SETTINGS)
SHOWN = 20


class CommandForm(forms.Form):
    """What belongs to a command. Bound to the data of a request that asks for this kind, else empty."""

    kind: Kind

    def __init__(self, station: Station, data: Any = None) -> None:
        super().__init__(data, prefix=self.kind)
        if "connector" in self.fields:
            numbers = [(outlet.number, outlet.number) for outlet in station.connectors.order_by("number")]
            field: Any = self.fields["connector"]
            field.choices = [*([] if field.required else [("", _("the whole station"))]), *numbers]
        if "number" in self.fields:
            field = self.fields["number"]
            field.choices = [(row.external_id, row.connector.number) for row in selectors.open_charges(station)]

    def wanted(self) -> dict[str, Any]:
        """What the service is told."""
        return dict(self.cleaned_data)


class StartForm(CommandForm):
    """A charge for whoever has the card."""

    kind = Kind.START
    connector = forms.ChoiceField(label=gettext_lazy("Outlet"))
    card = forms.CharField(
        label=gettext_lazy("Card"),
        max_length=64,
        help_text=gettext_lazy("The number of the card or app that pays, as it is stored here (its UID)."),
    )

    def clean_card(self) -> str:
        """The card as it is stored."""
        found = Token.objects.filter(uid__iexact=self.cleaned_data["card"].strip()).first()
        if found is None:
            raise forms.ValidationError(_("There is no card with this number."))
        return found.uid


class StopForm(CommandForm):
    """One of the charges that go on there."""

    kind = Kind.STOP
    number = forms.TypedChoiceField(label=gettext_lazy("Outlet"), coerce=int)


class UnlockForm(CommandForm):
    """The outlet whose cable is to be let go."""

    kind = Kind.UNLOCK
    connector = forms.ChoiceField(label=gettext_lazy("Outlet"))


class ResetForm(CommandForm):
    """A restart, in good order or by force."""

    kind = Kind.RESET
    hard = forms.TypedChoiceField(
        label=gettext_lazy("How"),
        choices=[
            ("", gettext_lazy("normally: charges are ended first")),
            ("1", gettext_lazy("by force: at once, as if the power were cut")),
        ],
        coerce=bool,
        empty_value=False,  # type: ignore[arg-type]  # the stubs know text alone
        required=False,
    )


class AvailabilityForm(CommandForm):
    """The station or one outlet, in or out of use."""

    kind = Kind.AVAILABILITY
    connector = forms.ChoiceField(label=gettext_lazy("About"), required=False)
    in_use = forms.TypedChoiceField(
        label=gettext_lazy("From now on"),
        choices=[("", gettext_lazy("out of use")), ("1", gettext_lazy("in use"))],
        coerce=bool,
        empty_value=False,  # type: ignore[arg-type]  # the stubs know text alone
        required=False,
    )


class TriggerForm(CommandForm):
    """A message that the station is to send now."""

    kind = Kind.TRIGGER
    message = forms.ChoiceField(label=gettext_lazy("Message"), choices=[*TRIGGERS.items()])
    connector = forms.ChoiceField(label=gettext_lazy("About"), required=False)


class ReadSettingsForm(CommandForm):
    """All settings."""

    kind = Kind.READ_SETTINGS


class ChangeSettingForm(CommandForm):
    """One setting."""

    kind = Kind.CHANGE_SETTING
    key = forms.CharField(label=gettext_lazy("Setting"), max_length=50)
    value = forms.CharField(label=gettext_lazy("New value"), max_length=500, required=False)


FORMS: dict[Kind, type[CommandForm]] = {
    form.kind: form
    for form in (
        StartForm,
        StopForm,
        UnlockForm,
        AvailabilityForm,
        ResetForm,
        TriggerForm,
        ReadSettingsForm,
        ChangeSettingForm,
    )
}


@operator_view(Permission.MANAGE_NETWORK)
def station_commands(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Show what was asked of the station and what it answered, and what can be asked."""
    if tidy := lists.untidy(request):
        return tidy
    return _page(request, operator, _station(public_id))


@require_POST
@operator_view(Permission.MANAGE_NETWORK)
def station_ask(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Ask something that does no harm."""
    return _asked(request, operator, public_id, GENTLE)


@require_POST
@operator_view(Permission.MANAGE_NETWORK, step_up=True)
def station_order(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Ask something that costs somebody money, or may take the station out of use."""
    return _asked(request, operator, public_id, FORMS.keys() - set(GENTLE))


def _asked(request: SignedInRequest, operator: Operator, public_id: UUID, kinds: Collection[Kind]) -> HttpResponse:
    station = _station(public_id)
    kind = next((each for each in kinds if each == request.POST.get("kind")), None)
    if kind is None:
        messages.error(request, _("Nothing was sent: choose what the station is to do."))
        return redirect("staff:station_commands", operator.slug, station.public_id)
    form = FORMS[kind](station, request.POST)
    if not form.is_valid():
        return _page(request, operator, station, form)
    if not attempted(form, services.ask, station, kind, by=request.user, at=timezone.now(), **form.wanted()):
        return _page(request, operator, station, form)
    messages.success(request, _("Sent to the station. Its answer appears below."))
    return redirect("staff:station_commands", operator.slug, station.public_id)


def _station(public_id: UUID) -> Station:
    return get_object_or_404(Station.objects.select_related("site"), public_id=public_id)


def _page(
    request: SignedInRequest, operator: Operator, station: Station, wrong: CommandForm | None = None
) -> HttpResponse:
    now, link = timezone.now(), stations_known.link(station)
    page = lists.page(selectors.of_station(station), request, by="id", size=SHOWN)
    read, settings = selectors.settings(station)
    context = {
        "nav": "stations",
        "station": station,
        "page": page,
        "is_waiting": any(command.is_open_at(now) for command in page),
        "is_connected": link is not None and link.is_connected_at(now),
        "forms": [
            (wrong if wrong and wrong.kind == kind else form(station), kind in GENTLE) for kind, form in FORMS.items()
        ],
        "wrong": wrong,
        "read": read,
        "settings": settings,
        "crumbs": stations.crumbs(operator, station),
    }
    return render(request, "staff/stations/commands.html", context, status=400 if wrong else 200)
