"""Tariffs: the shelf, one tariff with its versions, publishing a version, and where a tariff applies."""

import json
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from billing.domain.errors import BillingError
from billing.domain.tariff import model as ocpi
from billing.models import Tariff, TariffAssignment, TariffVersion
from billing.selectors import tariff_listing
from billing.selectors.tariff_listing import TariffSummary
from billing.services import approved
from billing.services import second_person as services_of_two
from billing.services import tariffs as services
from charging.models import Site
from portal.gate.access import SignedInRequest, operator_view
from portal.web import second_person
from portal.web.sensible_days import SENSIBLE, sensible_moment
from portal.words import tariffs as tariff_words
from portal.words.say import why
from tenants.models import Driver, DriverGroup, Operator
from tenants.permissions import Permission
from tenants.selectors import approvals
from tenants.services import four_eyes


class PublishForm(forms.Form):
    """From when a version counts, by the operator's clock."""

    valid_from = forms.DateTimeField(
        label=_("Valid from"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("Sessions that start at or after this time are priced by the new version."),
        validators=[sensible_moment],
    )

    def moment(self, zone: ZoneInfo) -> datetime:
        """The chosen time as an instant."""
        chosen: datetime = self.cleaned_data["valid_from"]
        return chosen.replace(tzinfo=zone)


class AssignForm(forms.Form):
    """Where a tariff applies, and when: everywhere, at a site, for a group, or for one driver."""

    where = forms.ChoiceField(label=_("Applies"))
    customer_number = forms.CharField(label=_("Customer number"), max_length=30, required=False)
    valid_from = forms.DateField(
        label=_("From"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), validators=SENSIBLE
    )
    valid_until = forms.DateField(
        label=_("Until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        validators=SENSIBLE,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sites = Site.objects.filter(is_active=True).order_by("name").values_list("public_id", "name")
        groups = DriverGroup.objects.order_by("name").values_list("public_id", "name")
        where: Any = self.fields["where"]
        where.choices = [
            ("everywhere", gettext("everywhere")),
            ("driver", gettext("for one driver")),
            (gettext("at a site"), [(f"site:{key}", name) for key, name in sites]),
            (gettext("for a group"), [(f"group:{key}", name) for key, name in groups]),
        ]

    def clean(self) -> dict[str, Any]:
        """Find the driver, and refuse an end before the beginning."""
        cleaned: dict[str, Any] = super().clean() or {}
        first, last = cleaned.get("valid_from"), cleaned.get("valid_until")
        if first and last and last <= first:
            self.add_error("valid_until", gettext("The end must come after the beginning."))
        if cleaned.get("where") == "driver":
            cleaned["driver"] = Driver.objects.filter(customer_number=cleaned.get("customer_number") or "").first()
            if cleaned["driver"] is None:
                self.add_error("customer_number", gettext("No driver has this customer number."))
        return cleaned

    def assignment(self, zone: ZoneInfo) -> dict[str, Any]:
        """What the service needs, with days as instants of the operator's clock."""
        facts = self.cleaned_data
        last = facts["valid_until"]
        return {
            **self._target(),
            "valid_from": datetime.combine(facts["valid_from"], time(), zone),
            "valid_until": datetime.combine(last, time(), zone) if last else None,
        }

    def _target(self) -> dict[str, Any]:
        kind, _colon, key = self.cleaned_data["where"].partition(":")
        match kind:
            case "site":
                return {"site": Site.objects.get(public_id=key)}
            case "group":
                return {"group": DriverGroup.objects.get(public_id=key)}
            case "driver":
                return {"driver": self.cleaned_data["driver"]}
        return {}


@operator_view(Permission.VIEW_TARIFFS)
def tariff_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show every tariff with its prices, its state and where it applies."""
    shelf = [_entry(shelved) for shelved in tariff_listing.listed(at=timezone.now())]
    return render(request, "finance/tariffs/list.html", {"nav": "tariffs", "shelf": shelf})


@operator_view(Permission.VIEW_TARIFFS)
def tariff_detail(request: SignedInRequest, operator: Operator, tariff_id: UUID) -> HttpResponse:
    """Show one tariff: its prices, its week, its versions with what changed, and where it applies."""
    shelved = found(tariff_id)
    version = _chosen(shelved, request.GET.get("version", ""))
    page = _reading(version) | {"nav": "tariffs", "shelved": shelved, "version": version, "history": _history(shelved)}
    if request.access.may(Permission.MANAGE_TARIFFS):
        page["assign_form"] = AssignForm(initial={"valid_from": timezone.now().astimezone(operator.zone).date()})
    return render(request, "finance/tariffs/detail.html", page)


@operator_view(Permission.MANAGE_TARIFFS, step_up=True)
def tariff_publish(request: SignedInRequest, operator: Operator, tariff_id: UUID) -> HttpResponse:
    """Ask from when the draft shall count, showing what a person should know before; then publish it.

    Where the operator wants two people for it, a second one is asked instead.
    """
    shelved = found(tariff_id)
    if shelved.draft is None:
        raise Http404
    form = PublishForm(request.POST or None, initial={"valid_from": _tomorrow(operator.zone)})
    needs_second = four_eyes.is_needed(approved.PUBLISH)
    if request.method == "POST" and form.is_valid():
        answer = (_asked if needs_second else _published)(request, shelved.draft, form, operator)
        if answer is not None:
            return answer
    page = {"nav": "tariffs", "shelved": shelved, "form": form, "changes": _changes(shelved.draft, shelved.current)}
    page["needs_second"] = needs_second
    page["approval"] = approvals.open_about(approved.PUBLISH, shelved.draft.public_id, at=timezone.now())
    return render(request, "finance/tariffs/publish.html", page | _reading(shelved.draft))


@operator_view(Permission.MANAGE_TARIFFS, step_up=True)
@require_POST
def tariff_assign(request: SignedInRequest, operator: Operator, tariff_id: UUID) -> HttpResponse:
    """Let the tariff apply somewhere from a day on."""
    shelved, form = found(tariff_id), AssignForm(request.POST)
    if form.is_valid() and _assigned(shelved.tariff, form, operator):
        messages.success(request, gettext("The tariff applies from the chosen day."))
    for problem in (text for texts in form.errors.values() for text in texts):
        messages.error(request, str(problem))
    return redirect("finance:tariff_detail", operator.slug, tariff_id)


@operator_view(Permission.MANAGE_TARIFFS, step_up=True)
@require_POST
def tariff_unassign(request: SignedInRequest, operator: Operator, tariff_id: UUID, assignment_id: UUID) -> HttpResponse:
    """End an assignment now; sessions that have started keep their price."""
    assignment = TariffAssignment.objects.filter(public_id=assignment_id, tariff__public_id=tariff_id).first()
    if assignment is None:
        raise Http404
    services.unassign(assignment, at=timezone.now())
    messages.success(request, gettext("The tariff no longer applies there."))
    return redirect("finance:tariff_detail", operator.slug, tariff_id)


def found(tariff_id: UUID) -> TariffSummary:
    """The tariff, or a page that does not exist."""
    shelved = tariff_listing.one(tariff_id, at=timezone.now())
    if shelved is None:
        raise Http404
    return shelved


def terms_of(version: TariffVersion | None) -> ocpi.Tariff | None:
    """The version as the kernel reads it; None for a draft that it refuses."""
    if version is None:
        return None
    try:
        return ocpi.parse_tariff(version.document)
    except BillingError:
        return None


def _entry(shelved: TariffSummary) -> dict[str, Any]:
    terms = terms_of(shelved.shown)
    return {
        "shelved": shelved,
        "chips": tariff_words.chips(terms) if terms else [],
        "places": [place(assignment) for assignment in shelved.assignments],
    }


def place(assignment: TariffAssignment) -> str:
    """Where an assignment reaches, in a word."""
    if assignment.driver_id:
        return gettext("driver %(number)s") % {"number": assignment.driver}
    return str(assignment.group or assignment.site or gettext("everywhere"))


def _chosen(shelved: TariffSummary, number: str) -> TariffVersion | None:
    """The version asked for by its number, else the one a list shows."""
    return next((version for version in shelved.versions if str(version.number) == number), shelved.shown)


def _reading(version: TariffVersion | None) -> dict[str, Any]:
    """What a version says, in rows, as a week, with remarks, and as its document."""
    terms = terms_of(version)
    document = json.dumps(version.document, indent=2, ensure_ascii=False) if version else ""
    if terms is None:
        return {"rows": [], "document": document}
    return {
        "rows": tariff_words.rows(terms),
        "bounds": tariff_words.bounds(terms),
        "week": tariff_words.week(terms),
        "remarks": tariff_words.remarks(terms),
        "document": document,
        "currency": terms.currency,
    }


def _history(shelved: TariffSummary) -> list[dict[str, Any]]:
    """Every version with what it changed from the one before."""
    older = [*shelved.versions[1:], None]
    return [
        {"version": version, "changes": _changes(version, before) if before else []}
        for version, before in zip(shelved.versions, older, strict=True)
    ]


def _changes(version: TariffVersion, before: TariffVersion | None) -> list[tuple[str, str, str]]:
    """What differs between two versions, price by price: (which price, before, after)."""
    return tariff_words.changes(terms_of(before), terms_of(version))


def _tomorrow(zone: ZoneInfo) -> datetime:
    """The coming midnight as the form writes it: by the operator's clock, without a zone."""
    today = timezone.now().astimezone(zone).date()
    return datetime.combine(today + timedelta(days=1), time())


def _assigned(tariff: Tariff, form: AssignForm, operator: Operator) -> bool:
    """Assign, or put the reason why not into the form."""
    try:
        services.assign(tariff, **form.assignment(operator.zone))
    except BillingError as problem:
        form.add_error(None, ValidationError(why(problem)))
        return False
    return True


def _asked(
    request: SignedInRequest, draft: TariffVersion, form: PublishForm, operator: Operator
) -> HttpResponse | None:
    """Ask a second person to let exactly this draft begin then."""
    valid_from = form.moment(operator.zone)
    return second_person.ask(
        request,
        operator,
        lambda: services_of_two.ask_to_publish(draft, valid_from=valid_from, by=request.user, at=timezone.now()),
    )


def _published(
    request: SignedInRequest, draft: TariffVersion, form: PublishForm, operator: Operator
) -> HttpResponse | None:
    """Publish, or put the reason why not into the form."""
    try:
        services.publish(draft, valid_from=form.moment(operator.zone), by=request.user, at=timezone.now())
    except BillingError as problem:
        form.add_error(None, ValidationError(why(problem)))
        return None
    messages.success(request, gettext("Version %(number)s is published.") % {"number": draft.number})
    return redirect("finance:tariff_detail", operator.slug, draft.tariff.public_id)
