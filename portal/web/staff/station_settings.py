"""Settings of stations: one station's beside a template, templates, and many stations brought into line at once."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from charging.domain.ocpp.commands import LONGEST_SETTING
from charging.models import SettingTemplate, Station
from charging.selectors import station_settings as selectors
from charging.selectors import stations as stations_known
from charging.services import station_settings as services
from charging.site_scope import visible_sites
from portal.gate.access import SignedInRequest, operator_view
from portal.web import lists
from portal.web.acts import attempted
from portal.web.staff import stations
from portal.web.staff.station_commands import ReadNamedForm
from tenants.models import Operator
from tenants.permissions import Permission

SHOWN = 50


class BesideForm(forms.Form):
    """The template that a station is compared with."""

    template = forms.ModelChoiceField(
        SettingTemplate.objects.none(),
        label=gettext_lazy("Compare with"),
        required=False,
        to_field_name="public_id",
        empty_label=gettext_lazy("nothing"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if _sees_all():  # a template's name may speak of sites that a limited member does not see
            self.fields["template"].queryset = SettingTemplate.objects.order_by("name")  # type: ignore[attr-defined]


class TemplateForm(forms.Form):
    """A template's name, and what it wants, a setting a line."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    wanted = forms.CharField(
        label=gettext_lazy("Settings"),
        max_length=20_000,
        strip=False,  # lines are counted as they were written
        widget=forms.Textarea({"rows": 12, "spellcheck": "false"}),
        help_text=gettext_lazy("One a line, such as: HeartbeatInterval = 300"),
    )

    def clean_wanted(self) -> dict[str, str]:
        """The values by name."""
        found: dict[str, str] = {}
        for number, line in enumerate(self.cleaned_data["wanted"].splitlines(), start=1):
            name, sign, value = (part.strip() for part in line.partition("="))
            if not line.strip():
                continue
            if not sign or not name or len(name) > LONGEST_SETTING:
                raise forms.ValidationError(
                    _("Line %(number)d is no setting: write its name, “=” and the value.") % {"number": number}
                )
            if name in found:
                raise forms.ValidationError(_("%(name)s stands there twice.") % {"name": name})
            found[name] = value
        if not found:
            raise forms.ValidationError(self.fields["wanted"].error_messages["required"], code="required")
        return found


@operator_view(Permission.MANAGE_NETWORK, without_people=True)
def station_settings(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Show what a station is set to, in plain words, beside what a template wants."""
    station = get_object_or_404(Station.objects.select_related("site"), public_id=public_id)
    form = BesideForm(request.GET)
    template = form.cleaned_data["template"] if form.is_valid() else None
    rows = selectors.of_station(station, template)
    context = {
        "nav": "stations",
        "station": station,
        "form": form,
        "template": template,
        "rows": rows,
        "may_send": _sees_all(),
        "differing": sum(row.differs and not row.is_fixed for row in rows),
        "read_at": selectors.read_at(station),
        "link": stations_known.link(station),
        "named": ReadNamedForm(station),
        "crumbs": stations.crumbs(operator, station),
    }
    return render(request, "staff/stations/settings.html", context)


@operator_view(Permission.MANAGE_NETWORK, without_people=True)
def template_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List the templates."""
    _refuse_limited()
    rows = SettingTemplate.objects.order_by("name")
    context = {"nav": "stations", "templates": list(rows), "crumbs": _way(operator)}
    return render(request, "staff/stations/templates.html", context)


@operator_view(Permission.MANAGE_NETWORK, without_people=True)
def template_new(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Write a template."""
    return _edited(request, operator, SettingTemplate())


@operator_view(Permission.MANAGE_NETWORK, without_people=True)
def template_edit(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Change a template."""
    return _edited(request, operator, get_object_or_404(SettingTemplate, public_id=public_id))


@require_POST
@operator_view(Permission.MANAGE_NETWORK, without_people=True)
def template_remove(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Take a template away; stations stay as they are."""
    _refuse_limited()
    get_object_or_404(SettingTemplate, public_id=public_id).delete()
    messages.success(request, _("The template was removed."))
    return redirect("staff:template_list", operator.slug)


@operator_view(Permission.MANAGE_NETWORK, without_people=True)
def template_detail(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Show which stations are otherwise than the template wants."""
    _refuse_limited()
    if tidy := lists.untidy(request):
        return tidy
    template = get_object_or_404(SettingTemplate, public_id=public_id)
    page = lists.page(selectors.stations(), request, by="id", size=SHOWN)
    found = selectors.differences(list(page), template)
    context = {
        "nav": "stations",
        "template": template,
        "page": page,
        "rows": [(station, found[station.pk]) for station in page],
        "now": timezone.now(),
        "crumbs": _way(operator, into=True),
    }
    return render(request, "staff/stations/template.html", context)


@require_POST
@operator_view(Permission.MANAGE_NETWORK, without_people=True)
def template_read(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Ask the ticked stations for their settings."""
    _refuse_limited()
    template = get_object_or_404(SettingTemplate, public_id=public_id)
    asked, refused = services.read(_ticked(request), by=request.user, at=timezone.now())
    words = ngettext("%(count)d station was asked.", "%(count)d stations were asked.", asked)
    return _told(request, operator, template, words % {"count": asked}, refused)


@require_POST
@operator_view(Permission.MANAGE_NETWORK, step_up=True, without_people=True)
def template_align(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Ask the ticked stations to be as the template wants."""
    _refuse_limited()
    template = get_object_or_404(SettingTemplate, public_id=public_id)
    asked, refused = services.align(_ticked(request), template, by=request.user, at=timezone.now())
    words = ngettext("%(count)d setting was sent.", "%(count)d settings were sent.", asked)
    return _told(request, operator, template, words % {"count": asked}, refused)


def _ticked(request: SignedInRequest) -> list[Station]:
    form = TickedForm(request.POST)
    return list(form.cleaned_data["station"]) if form.is_valid() else []


class TickedForm(forms.Form):
    """The stations that were ticked."""

    station = forms.ModelMultipleChoiceField(Station.objects.none(), to_field_name="public_id")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["station"].queryset = selectors.stations()  # type: ignore[attr-defined]


def _told(
    request: SignedInRequest, operator: Operator, template: SettingTemplate, done: str, refused: list[str]
) -> HttpResponse:
    messages.success(request, done)
    if refused:
        messages.error(
            request, _("Not asked, as too much waits there: %(stations)s") % {"stations": ", ".join(refused)}
        )
    return redirect("staff:template_detail", operator.slug, template.public_id)


def _edited(request: SignedInRequest, operator: Operator, template: SettingTemplate) -> HttpResponse:
    _refuse_limited()
    lines = "\n".join(f"{name} = {value}" for name, value in template.wanted.items())
    form = TemplateForm(request.POST or None, initial={"name": template.name, "wanted": lines})
    if form.is_valid() and attempted(form, services.save_template, template, **form.cleaned_data) is not None:
        messages.success(request, _("Saved."))
        return redirect("staff:template_detail", operator.slug, template.public_id)
    context = {
        "nav": "stations",
        "form": form,
        "template": None if template._state.adding else template,
        "crumbs": _way(operator, into=True),
    }
    return render(request, "staff/stations/template_form.html", context, status=400 if form.errors else 200)


def _sees_all() -> bool:
    return visible_sites() is None


def _refuse_limited() -> None:
    if not _sees_all():
        raise PermissionDenied(_("You work for some of the sites only, so you cannot change what all stations share."))


def _way(operator: Operator, *, into: bool = False) -> list[tuple[str, str]]:
    way = [(_("Stations"), reverse("staff:station_list", args=[operator.slug]))]
    here = (_("Templates of settings"), reverse("staff:template_list", args=[operator.slug]))
    return [*way, here] if into else way
