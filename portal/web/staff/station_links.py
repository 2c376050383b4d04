"""How stations reach us: what one has said, a new password for it, and strangers that knock."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import orjson
from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from charging.domain.ocpp import frames
from charging.models import Site, Station, StationKnock, StationLink, StationMessage
from charging.selectors import station_messages as messages_known
from charging.selectors import stations as selectors
from charging.services import station_links as services
from charging.services import station_messages as reading
from charging.site_scope import visible_sites
from portal.files import streamed
from portal.gate.access import SignedInRequest, operator_view
from portal.gate.events import Event
from portal.web import lists
from portal.web.acts import attempted, told
from portal.web.staff import stations
from tenants.log import audit
from tenants.models import Operator
from tenants.permissions import Permission


class MessageFilter(forms.Form):
    """What the messages of a station are narrowed to."""

    q = forms.CharField(label=gettext_lazy("Search"), required=False, max_length=50, widget=forms.SearchInput)


class AdoptForm(forms.Form):
    """Where a stranger stands."""

    site = forms.ModelChoiceField(Site.objects.none(), label=gettext_lazy("Site"), to_field_name="public_id")
    is_held = forms.BooleanField(
        label=gettext_lazy("Hold it until somebody accepts it"),
        required=False,
        help_text=gettext_lazy("It can be set up from here, and nobody charges there until then."),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["site"].queryset = Site.objects.order_by("name")  # type: ignore[attr-defined]


@operator_view(Permission.MANAGE_NETWORK)
def station_messages(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Show what the station has said, the newest first: word for word, but for the numbers of cards."""
    if tidy := lists.untidy(request):
        return tidy
    station = get_object_or_404(Station.objects.select_related("site"), public_id=public_id)
    filters = MessageFilter(request.GET)
    page = lists.page(_found(request, station, filters), request, by="id")
    for message in page:
        message.raw = frames.without_cards(message.raw)
    context = {
        "nav": "stations",
        "station": station,
        "filters": filters,
        "page": page,
        "halt": selectors.halt(station),
        "looked_into": messages_known.LOOKED_INTO,
        "crumbs": stations.crumbs(operator, station),
    }
    return render(request, "staff/stations/messages.html", context)


def _found(request: SignedInRequest, station: Station, filters: MessageFilter) -> QuerySet[StationMessage]:
    """The messages with these signs in their name, or in what they say; who sees no cards finds nothing by one."""
    rows = StationMessage.objects.filter(station=station)
    search = filters.cleaned_data["q"].strip() if filters.is_valid() else ""
    if not search:
        return rows
    found = Q(action__icontains=search)
    may_see = request.access.may(Permission.VIEW_DRIVERS)
    return rows.filter(found | messages_known.saying(station, search) if may_see else found)


def _as_may_be_seen(request: SignedInRequest, raw: str) -> str:
    return raw if request.access.may(Permission.VIEW_DRIVERS) else frames.without_cards(raw)


@operator_view(Permission.MANAGE_NETWORK, step_up=True, takes_out=True)
def station_messages_file(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponseBase:
    """Send the messages that are shown as lines of JSON, the oldest first: for whoever made the station."""
    station = get_object_or_404(Station, public_id=public_id)
    filters = MessageFilter(request.GET)
    rows = _found(request, station, filters).order_by("pk")
    audit.record(Event.MESSAGES_EXPORTED, about=station)

    def lines() -> Iterator[str]:
        for row in rows.iterator(chunk_size=1_000):
            yield orjson.dumps(_line(row, _as_may_be_seen(request, row.raw))).decode()

    name = f"{slugify(station.identifier) or 'station'}-{timezone.now():%Y-%m-%d}.jsonl"
    return streamed.lines_file(name, lines=lines, operator=operator)


def _line(row: StationMessage, raw: str) -> dict[str, Any]:
    said = {"received_at": row.received_at, "connection": row.epoch, "message": row.action, "said": raw}
    return {**said, "answered": row.answer, "remark": row.remark}


@require_POST
@operator_view(Permission.MANAGE_NETWORK)
def station_again(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Read the message again that stops the station."""
    station = get_object_or_404(Station, public_id=public_id)
    reading.try_again(station, at=timezone.now())
    messages.success(request, _("The message is read again in a moment."))
    return redirect("staff:station_messages", operator.slug, station.public_id)


@require_POST
@operator_view(Permission.MANAGE_NETWORK, step_up=True)
def station_password(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Make a new password for the station and show it this one time."""
    station = get_object_or_404(Station.objects.select_related("site"), public_id=public_id)
    return _shown(request, operator, station, services.make_password(station, at=timezone.now()))


@require_POST
@operator_view(Permission.MANAGE_NETWORK)
def station_boot(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Choose how the station is received when it starts."""
    station = get_object_or_404(Station, public_id=public_id)
    boot = request.POST.get("boot", "")
    if boot in StationLink.Boot.values:
        told(request, str(_BOOTS[boot]), services.receive_as, station, boot, by=request.user, at=timezone.now())
    return redirect("staff:station_detail", operator.slug, station.public_id)


_BOOTS = {
    str(StationLink.Boot.ACCEPTED): gettext_lazy("The station is accepted. It hears so within a minute."),
    str(StationLink.Boot.PENDING): gettext_lazy("The station is held: nobody charges there until it is accepted."),
    str(StationLink.Boot.REJECTED): gettext_lazy("The station is turned away from its next start on."),
}


@operator_view(Permission.MANAGE_NETWORK)
def knock_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List what tried to connect and was refused, the newest first."""
    _refuse_limited()
    context = {
        "nav": "stations",
        "page": lists.page(StationKnock.objects.all(), request, by="last_at"),
        "now": timezone.now(),
        "crumbs": _crumbs(operator),
    }
    return render(request, "staff/stations/knocking.html", context)


@operator_view(Permission.MANAGE_NETWORK, step_up=True)
def knock_adopt(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Make a stranger one of our stations, and show the password that was made for it."""
    _refuse_limited()
    knock = get_object_or_404(StationKnock, public_id=public_id, reason=StationKnock.Reason.UNKNOWN)
    form = AdoptForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        site = form.cleaned_data["site"]
        is_held = form.cleaned_data["is_held"]
        if adopted := attempted(form, services.adopt, knock, site=site, at=timezone.now(), is_held=is_held):
            return _shown(request, operator, *adopted)
    context = {"nav": "stations", "knock": knock, "form": form, "crumbs": _crumbs(operator, knocking=True)}
    return render(request, "staff/stations/adopt.html", context, status=400 if form.errors else 200)


def _shown(request: SignedInRequest, operator: Operator, station: Station, password: str) -> HttpResponse:
    context = {
        "nav": "stations",
        "station": station,
        "password": password,
        "path": f"/ocpp/{operator.slug}/{station.identifier}",
        "crumbs": stations.crumbs(operator, station),
    }
    return render(request, "staff/stations/password.html", context)


def _refuse_limited() -> None:
    if visible_sites() is not None:
        raise PermissionDenied(_("You work for some of the sites only, so you cannot take in a stranger."))


def _crumbs(operator: Operator, *, knocking: bool = False) -> list[tuple[str, str]]:
    way = [(_("Stations"), reverse("staff:station_list", args=[operator.slug]))]
    return [*way, (_("Refused connections"), reverse("staff:knock_list", args=[operator.slug]))] if knocking else way
