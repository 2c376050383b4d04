"""Asking something of a station: what was asked and answered, and a form for each thing that can be."""

from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.validators import URLValidator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from charging.domain.ocpp.commands import LONGEST_SETTING, MOST_NAMED, Kind, written
from charging.models import Station, StationCommand, Token
from charging.selectors import numbers
from charging.selectors import station_commands as selectors
from charging.selectors import stations as stations_known
from charging.services import station_commands as services
from portal.gate.access import SignedInRequest, operator_view
from portal.web import lists
from portal.web.acts import attempted
from portal.web.sensible_days import sensible_moment
from portal.web.staff import stations
from portal.words.station_commands import TRIGGERS
from tenants.models import Operator
from tenants.permissions import Permission

#: What does no harm. Everything else wants a fresh proof of who asks.
GENTLE = (
    Kind.STOP,
    Kind.TRIGGER,
    Kind.READ_SETTINGS,
    Kind.READ_NAMED,
    Kind.GET_SCHEDULE,
    Kind.FORGET_CARDS,
    Kind.EMPTY_LIST,
    Kind.CANCEL_RESERVATION,
)
LONGEST_RESERVATION = timedelta(days=1)
SHOWN = 20


class CommandForm(forms.Form):
    """What belongs to a command. Bound to the data of a request that asks for this kind, else empty.

    station: None for one that many are asked: it is about each of them as a whole.
    """

    kind: Kind

    def __init__(self, station: Station | None, data: Any = None) -> None:
        super().__init__(data, prefix=self.kind)
        if station is None:
            self.fields.pop("connector", None)
            return
        if "connector" in self.fields:
            numbers = [(outlet.number, outlet.number) for outlet in station.connectors.order_by("number")]
            field: Any = self.fields["connector"]
            field.choices = [*([] if field.required else [("", _("the whole station"))]), *numbers]
        if "number" in self.fields:
            field = self.fields["number"]
            field.choices = [(row.external_id, row.connector.number) for row in selectors.open_charges(station)]
        if "reservation" in self.fields:
            field = self.fields["reservation"]
            held = selectors.reservations(station, at=timezone.now())
            field.choices = [(row.wanted["request"], _reserved(row, station)) for row in held]

    def wanted(self) -> dict[str, Any]:
        """What the service is told, as it can be stored; a time that was left empty is now, or none."""
        found = {name: _plain(value) for name, value in self.cleaned_data.items()}
        return {name: value or _plain(timezone.now()) if name == "when" else value for name, value in found.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return written(value)
    return float(value) if isinstance(value, Decimal) else value


def _reserved(row: StationCommand, station: Station) -> str:
    until = datetime.fromisoformat(row.wanted["until"]).astimezone(station.site.zone)
    return _("outlet %(connector)s until %(clock)s") % {
        "connector": row.wanted["connector"],
        "clock": f"{until:%H:%M}",
    }


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
        found = Token.objects.filter(numbers.of_uid(self.cleaned_data["card"])).first()
        if found is None:
            raise forms.ValidationError(_("There is no card with this number."))
        return str(found.uid)


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


class ReadNamedForm(CommandForm):
    """Some settings, by their names."""

    kind = Kind.READ_NAMED
    names = forms.CharField(
        label=gettext_lazy("Settings"),
        max_length=(LONGEST_SETTING + 1) * MOST_NAMED,
        widget=forms.Textarea({"rows": 3, "spellcheck": "false"}),
        help_text=gettext_lazy("One a line, such as: HeartbeatInterval"),
    )

    def clean_names(self) -> list[str]:
        """The names, each once."""
        names = list(dict.fromkeys(line.strip() for line in self.cleaned_data["names"].splitlines() if line.strip()))
        if len(names) > MOST_NAMED:
            raise forms.ValidationError(_("Ask for at most %(most)s settings at once.") % {"most": MOST_NAMED})
        if long := next((name for name in names if len(name) > LONGEST_SETTING), ""):
            raise forms.ValidationError(_("No setting has a name as long as “%(name)s…”.") % {"name": long[:30]})
        return names


class ScheduleForm(CommandForm):
    """What the station, or one outlet, may draw in the next day."""

    kind = Kind.GET_SCHEDULE
    connector = forms.ChoiceField(label=gettext_lazy("About"), required=False)


class ForgetCardsForm(CommandForm):
    """The cards that the station lets in without asking."""

    kind = Kind.FORGET_CARDS


class EmptyListForm(CommandForm):
    """The list of cards that the station keeps, by which it lets in without asking."""

    kind = Kind.EMPTY_LIST


class ChangeSettingForm(CommandForm):
    """One setting."""

    kind = Kind.CHANGE_SETTING
    key = forms.CharField(label=gettext_lazy("Setting"), max_length=LONGEST_SETTING)
    value = forms.CharField(label=gettext_lazy("New value"), max_length=500, required=False)


def _moment(label: Any, **more: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, widget=widget, validators=[sensible_moment], **more)


def _location(help_text: Any) -> forms.CharField:
    check = URLValidator(schemes=["https", "http", "ftp", "ftps", "sftp"])
    secret = gettext_lazy("A name and password in it are shown to nobody and kept only until they are sent.")
    help_text = format_lazy("{} {}", help_text, secret)
    return forms.CharField(label=gettext_lazy("Address"), max_length=500, validators=[check], help_text=help_text)


class UpdateFirmwareForm(CommandForm):
    """Where the station fetches its new firmware, and when."""

    kind = Kind.UPDATE_FIRMWARE
    location = _location(gettext_lazy("Where the station fetches the file, such as https://… or ftp://…"))
    when = _moment(
        gettext_lazy("When"),
        required=False,
        help_text=gettext_lazy("When it fetches and installs it, by the clock of the site. Empty: now."),
    )


class GetLogForm(CommandForm):
    """Where the station sends what it has logged, and of which time."""

    kind = Kind.GET_LOG
    location = _location(gettext_lazy("Where the station sends the file, such as https://… or ftp://…"))
    since = _moment(gettext_lazy("From"), required=False)
    until = _moment(gettext_lazy("To"), required=False, help_text=gettext_lazy("Empty: all that the station has."))

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        since, until = found.get("since"), found.get("until")
        if since and until and until <= since:
            self.add_error("until", _("The end must come after the beginning."))
        return found


class ReserveForm(StartForm):
    """An outlet that is kept for whoever has the card."""

    kind = Kind.RESERVE
    until = _moment(gettext_lazy("Until"), help_text=gettext_lazy("By the clock of the site, a day ahead at most."))

    def clean_until(self) -> datetime:
        """A time to come, not too far ahead."""
        until: datetime = self.cleaned_data["until"]
        if not timedelta(0) < until - timezone.now() <= LONGEST_RESERVATION:
            raise forms.ValidationError(_("Choose a time within the next 24 hours."))
        return until


class CancelReservationForm(CommandForm):
    """One of the reservations that hold there."""

    kind = Kind.CANCEL_RESERVATION
    reservation = forms.TypedChoiceField(label=gettext_lazy("Reservation"), coerce=int)


class LimitForm(CommandForm):
    """The most that the station, or each charge at one outlet, may draw."""

    kind = Kind.LIMIT
    connector = forms.ChoiceField(label=gettext_lazy("About"), required=False)
    limit = forms.DecimalField(label=gettext_lazy("At most"), min_value=0, max_digits=8, decimal_places=1)
    unit = forms.ChoiceField(label=gettext_lazy("Unit"), choices=[("A", gettext_lazy("A per phase")), ("W", "W")])


class ClearLimitForm(CommandForm):
    """The limit that was set here."""

    kind = Kind.CLEAR_LIMIT
    connector = forms.ChoiceField(label=gettext_lazy("About"), required=False)


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
        ReadNamedForm,
        ChangeSettingForm,
        ForgetCardsForm,
        EmptyListForm,
        ReserveForm,
        CancelReservationForm,
        LimitForm,
        ClearLimitForm,
        ScheduleForm,
        UpdateFirmwareForm,
        GetLogForm,
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
    with timezone.override(station.site.zone):
        form = FORMS[kind](station, request.POST)
        form.full_clean()
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
        "crumbs": stations.crumbs(operator, station),
    }
    return render(request, "staff/stations/commands.html", context, status=400 if wrong else 200)
