"""Sites: the list, one site with its stations and its energy by day, and the form."""

from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms.models import model_to_dict
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.selectors import revenue
from billing.services import site_changes
from charging.models import Site
from charging.selectors import sites, stations
from charging.services import sites as services
from charging.site_scope import visible_sites
from portal.files.tables import FileColumn
from portal.gate.access import SignedInRequest, operator_view
from portal.web import list_files, lists, tables
from portal.web.acts import attempted
from portal.web.staff import days, zones
from portal.web.staff.country_choice import CountryField
from portal.web.tables import Column, Table
from tenants.models import Operator
from tenants.permissions import Permission

DAYS_DRAWN = 30


SITES = Table(
    "sites",
    (
        Column("site", gettext_lazy("Site"), by="name", is_indexed=True, is_fixed=True),
        Column("city", gettext_lazy("City"), by="city"),
        Column("stations", gettext_lazy("Stations"), by="station_count", css="num"),
        Column("connectors", gettext_lazy("Connectors"), by="connector_count", css="num"),
        Column("now", gettext_lazy("Right now")),
        Column("phone", gettext_lazy("Phone"), is_optional=True),
        Column("zone", gettext_lazy("Time zone"), by="time_zone", is_optional=True),
    ),
    order="site",
)


class SiteFilter(forms.Form):
    """What the list of sites is narrowed to."""

    q = forms.CharField(
        label=gettext_lazy("Name, street or city"), required=False, max_length=100, widget=forms.SearchInput
    )
    closed = forms.BooleanField(label=gettext_lazy("Also sites not in use"), required=False)


class SiteForm(forms.ModelForm):  # type: ignore[type-arg]
    """A site's particulars. Whether the name is free is the service's to say."""

    country = CountryField()
    time_zone = forms.ChoiceField(label=gettext_lazy("Time zone"), choices=zones.choices)

    latitude = forms.DecimalField(
        label=gettext_lazy("Latitude"), required=False, min_value=-90, max_value=90, max_digits=9, decimal_places=6
    )
    longitude = forms.DecimalField(
        label=gettext_lazy("Longitude"),
        required=False,
        min_value=-180,
        max_value=180,
        max_digits=9,
        decimal_places=6,
        help_text=gettext_lazy("In degrees, such as 59.329300 and 18.068600. By them cards in two places are noticed."),
    )

    class Meta:
        model = Site
        fields = (
            *("name", "street", "postal_code", "city", "country", "latitude", "longitude"),
            *("phone", "time_zone", "guests_start", "is_active"),
        )
        labels = {"is_active": gettext_lazy("In use")}
        help_texts: ClassVar = {
            "guests_start": gettext_lazy(
                "Where charging costs nothing, anybody starts it by the code beside the outlet."
                " Nothing is known of them."
            )
        }

    def clean(self) -> dict[str, Any]:
        """Both coordinates, or none."""
        found = super().clean() or {}
        if not self.errors and (found["latitude"] is None) != (found["longitude"] is None):
            missing = "latitude" if found["latitude"] is None else "longitude"
            self.add_error(missing, _("Enter both coordinates, or none."))
        return found


@operator_view(Permission.VIEW_NETWORK, without_people=True)
def site_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List the sites with what stands on them, by name unless sorted otherwise."""
    if tidy := lists.untidy(request):
        return tidy
    filters = SiteFilter(request.GET)
    rows = _listed(filters)
    shown = tables.shown(SITES, request).within(rows)
    context = {"nav": "sites", "filters": filters, "shown": shown, "page": shown.page(rows, request)}
    return render(request, "staff/sites/list.html", context)


@operator_view(Permission.VIEW_NETWORK, takes_out=True, without_people=True)
def site_export(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send exactly the listed sites as a file."""
    filters = SiteFilter(request.GET)
    return list_files.answer(
        request,
        tables.shown(SITES, request),
        _listed(filters),
        filters=filters,
        columns=[
            FileColumn(_("Site"), lambda row: row.name),
            FileColumn(_("Street"), lambda row: row.street),
            FileColumn(_("Postal code"), lambda row: row.postal_code),
            FileColumn(_("City"), lambda row: row.city),
            FileColumn(_("Country"), lambda row: row.country),
            FileColumn(_("Time zone"), lambda row: row.time_zone),
            FileColumn(_("Phone"), lambda row: row.phone),
            FileColumn(_("Stations"), lambda row: row.station_count),
            FileColumn(_("Connectors"), lambda row: row.connector_count),
            FileColumn(_("Charging now"), lambda row: row.charging_count),
            FileColumn(_("Out of order"), lambda row: row.trouble_count),
            FileColumn(_("In use"), lambda row: row.is_active),
        ],
        back=reverse("staff:site_list", args=[operator.slug]),
    )


def _listed(filters: SiteFilter) -> QuerySet[Site]:
    search = filters.cleaned_data if filters.is_valid() else {}
    return sites.listing(search.get("q", ""), active=None if search.get("closed") else True)


@operator_view(Permission.VIEW_NETWORK, without_people=True)
def site_detail(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Show a site's stations and how much was charged there in the last days."""
    site = get_object_or_404(Site, public_id=public_id)
    facts = {"site": site, "stations": stations.listing().filter(site=site), **_figures(site, operator)}
    return render(request, "staff/sites/detail.html", {"nav": "sites", "crumbs": crumbs(operator), **facts})


@operator_view(Permission.MANAGE_NETWORK, without_people=True)
def site_new(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Add a site. Not for somebody limited to some sites: a new one would be none of theirs."""
    if visible_sites() is not None:
        raise PermissionDenied(_("You work for some of the sites only, so you cannot add one."))
    form = SiteForm(request.POST or None, initial={"time_zone": operator.time_zone, "country": operator.country})
    if form.is_valid() and (site := attempted(form, services.create, **form.cleaned_data)):
        messages.success(request, _("%(site)s was added. Its stations are next.") % {"site": site})
        return redirect("staff:site_detail", operator.slug, site.public_id)
    return render(request, "staff/sites/form.html", {"nav": "sites", "form": form, "crumbs": crumbs(operator)})


@operator_view(Permission.MANAGE_NETWORK, without_people=True)
def site_edit(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Change a site's particulars."""
    site = get_object_or_404(Site, public_id=public_id)
    form = SiteForm(request.POST or None, initial=model_to_dict(site))
    facts = form.cleaned_data if form.is_valid() else None
    if facts and attempted(form, site_changes.change, site, at=timezone.now(), **facts) is not None:
        messages.success(request, _("%(site)s was saved.") % {"site": site})
        return redirect("staff:site_detail", operator.slug, site.public_id)
    context = {"nav": "sites", "form": form, "site": site, "crumbs": crumbs(operator, site)}
    return render(request, "staff/sites/form.html", context)


def crumbs(operator: Operator, site: Site | None = None) -> list[tuple[str, str]]:
    """Return the way down to the sites, and to one of them."""
    way = [(_("Sites"), reverse("staff:site_list", args=[operator.slug]))]
    if site is not None:
        way.append((site.name, reverse("staff:site_detail", args=[operator.slug, site.public_id])))
    return way


def _figures(site: Site, operator: Operator) -> dict[str, Any]:
    today = timezone.now().astimezone(operator.zone).date()
    rows = revenue.by_day(first=today - timedelta(days=DAYS_DRAWN - 1), last=today, site=site)
    return {
        "chart": days.energy_chart(rows),
        "session_count": sum(row.sessions for row in rows),
        "energy_wh": sum(row.energy_wh for row in rows),
        "amount": sum((row.amount_incl_vat for row in rows), Decimal(0)),
        "trouble_count": stations.in_trouble().filter(station__site=site).count(),
        "days_drawn": DAYS_DRAWN,
    }
