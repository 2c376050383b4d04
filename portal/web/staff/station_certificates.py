"""The client certificate of a station: which one it may come with, until when, and that it is taken away."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from charging.domain.ocpp import certificates
from charging.models import Station, StationLink
from charging.services import station_links as services
from portal.gate.access import SignedInRequest, operator_view
from portal.web.acts import attempted
from portal.web.staff import stations
from tenants.models import Operator
from tenants.permissions import Permission


class CertificateForm(forms.Form):
    """A certificate, as files hold it."""

    written = forms.CharField(
        label=gettext_lazy("Certificate"),
        max_length=certificates.LONGEST,
        widget=forms.Textarea({"rows": 8, "spellcheck": "false"}),
        help_text=gettext_lazy("As text (PEM), from BEGIN CERTIFICATE to END CERTIFICATE. Never the key."),
    )


@operator_view(Permission.MANAGE_NETWORK, without_people=True)
def station_certificate(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Show which certificate lets the station in."""
    return _page(request, operator, _station(public_id), CertificateForm())


@require_POST
@operator_view(Permission.MANAGE_NETWORK, step_up=True, without_people=True)
def station_certificate_set(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Let the station come by a certificate."""
    station, form = _station(public_id), CertificateForm(request.POST)
    if form.is_valid():
        written = form.cleaned_data["written"]
        if attempted(form, services.set_certificate, station, written=written, at=timezone.now()):
            messages.success(request, _("The certificate was registered."))
            return redirect("staff:station_certificate", operator.slug, station.public_id)
    return _page(request, operator, station, form)


@require_POST
@operator_view(Permission.MANAGE_NETWORK, step_up=True, without_people=True)
def station_certificate_remove(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Let no certificate prove the station any more."""
    station = _station(public_id)
    services.remove_certificate(station)
    messages.success(request, _("The certificate was removed."))
    return redirect("staff:station_certificate", operator.slug, station.public_id)


def _station(public_id: UUID) -> Station:
    return get_object_or_404(Station.objects.select_related("site"), public_id=public_id)


def _page(request: SignedInRequest, operator: Operator, station: Station, form: CertificateForm) -> HttpResponse:
    context = {
        "nav": "stations",
        "station": station,
        "link": StationLink.objects.filter(station=station).first(),
        "form": form,
        "now": timezone.now(),
        "crumbs": stations.crumbs(operator, station),
    }
    return render(request, "staff/stations/certificate.html", context)
