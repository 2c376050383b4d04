"""Cards and stations that turn out to be one: said on the page of the one that goes, and undone there."""

from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from billing.services import merging as services
from charging.models import Station, Token
from charging.selectors import numbers
from portal.gate.access import SignedInRequest, operator_view
from portal.web.acts import told
from portal.web.staff import review
from portal.web.staff.driver_choice import SEVERAL
from tenants.models import Operator
from tenants.permissions import Permission


class MergeForm(forms.Form):
    """Which one it turned out to be, and how that is known."""

    other = forms.CharField(label=gettext_lazy("It is really"), max_length=64)
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=300, help_text=gettext_lazy("Such as “read by two readers”.")
    )

    def __init__(self, *args: Any, of: type[Station] | type[Token], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.of = of
        is_card = of is Token
        self.fields["other"].help_text = (
            _("The number of the other card: it stays, and this one is a number of it from then on.")
            if is_card
            else _("The identifier of the other station: it stays, and this one is a name of it from then on.")
        )

    def clean_other(self) -> Any:
        """The one that exactly has this number or name."""
        text = self.cleaned_data["other"]
        found = _cards(text) if self.of is Token else list(Station.objects.filter(_called(text))[:2])
        if len(found) != 1:
            raise forms.ValidationError(_("Nothing is found by “%(text)s”.") % {"text": text})
        return found[0]


@operator_view(Permission.MANAGE_DRIVERS)
@require_POST
def token_merge(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Say that the card is another one."""
    return _merge(request, operator, get_object_or_404(Token, public_id=public_id))


@operator_view(Permission.MANAGE_DRIVERS)
@require_POST
def token_part(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Say that a merged card is one of its own after all."""
    card = get_object_or_404(Token, public_id=public_id)
    told(request, _("The card is a card of its own again."), services.part_cards, card)
    return redirect("staff:token_detail", operator.slug, public_id)


@operator_view(Permission.MANAGE_NETWORK)
@require_POST
def station_merge(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Say that the station is another one."""
    return _merge(request, operator, get_object_or_404(Station, public_id=public_id))


@operator_view(Permission.MANAGE_NETWORK)
@require_POST
def station_part(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Say that a merged station is one of its own after all, or forget a former name."""
    station = get_object_or_404(Station.objects.select_related("merged_into"), public_id=public_id)
    shown = station.merged_into if station.merge is None and station.merged_into else station
    done = _("The station is a station of its own again.") if station.merge else _("The former name is forgotten.")
    told(request, done, services.part_stations, station)
    return redirect("staff:station_detail", operator.slug, shown.public_id)


def _merge(request: SignedInRequest, operator: Operator, gone: Any) -> HttpResponse:
    is_card = isinstance(gone, Token)
    form = MergeForm(request.POST, of=type(gone))
    if form.is_valid():
        kept, act = form.cleaned_data["other"], services.merge_cards if is_card else services.merge_stations
        done = _("%(gone)s is %(kept)s from now on.") % {"gone": gone, "kept": kept}
        if told(request, done, act, gone, kept, reason=form.cleaned_data["reason"]) is not None:
            gone = kept
    else:
        review.say_errors(request, form)
    return redirect("staff:token_detail" if is_card else "staff:station_detail", operator.slug, gone.public_id)


def _cards(number: str) -> list[Any]:
    return list(Token.objects.filter(numbers.of_whole_card(number), merged_into=None).order_by("pk")[:SEVERAL])


def _called(name: str) -> Q:
    return Q(identifier__iexact=name, merged_into=None)
