"""API keys: the list, a new one, and the successor or the end of an old one. A key is shown once, when it is made."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from portal.files.tables import FileColumn
from portal.gate.access import SignedInRequest, operator_view
from portal.web import list_files, lists, tables
from portal.web.acts import attempted, told
from portal.web.tables import Column, Table
from portal.words.log.objects import history_url
from tenants import roles
from tenants.models import ApiKey, Operator
from tenants.permissions import Permission
from tenants.selectors import api_keys, people
from tenants.services.proof import api_keys as services
from tenants.services.proof.api_keys import Issued

KEYS = Table(
    "keys",
    (
        Column("name", gettext_lazy("Name"), by="name", is_fixed=True),
        Column("rights", gettext_lazy("Rights")),
        Column("made", gettext_lazy("Made"), by="created_at"),
        Column("used", gettext_lazy("Last used")),
        Column("until", gettext_lazy("Works until"), by="expires_at"),
    ),
    order="-until",
)
SOON = timedelta(days=14)
SCOPES: dict[Permission, tuple[Any, Any]] = {
    Permission.VIEW_AUDIT: (
        gettext_lazy("Read the audit log"),
        gettext_lazy("Everything that happened, without names."),
    ),
    Permission.VIEW_DRIVERS: (
        gettext_lazy("Read payers"),
        gettext_lazy("Companies, associations and partners with their particulars; no private persons."),
    ),
}
LIFETIMES = [
    (30, gettext_lazy("30 days")),
    (90, gettext_lazy("90 days")),
    (180, gettext_lazy("180 days")),
    (365, gettext_lazy("a year")),
]
STATES = {
    "works": gettext_lazy("works"),
    "soon": gettext_lazy("ends soon"),
    "replaced": gettext_lazy("has a successor"),
    "rotated": gettext_lazy("rotated"),
    "revoked": gettext_lazy("revoked"),
    "ended": gettext_lazy("past its end date"),
}
OVERLAPS = [
    (1, gettext_lazy("an hour")),
    (24, gettext_lazy("a day")),
    (7 * 24, gettext_lazy("a week")),
]


class KeyFilter(forms.Form):
    """What the list of keys is narrowed to."""

    condition = forms.ChoiceField(
        label=gettext_lazy("State"),
        required=False,
        choices=[
            ("", gettext_lazy("All")),
            (api_keys.WORKING, gettext_lazy("works")),
            (api_keys.ENDED, gettext_lazy("has ended")),
        ],
    )

    def rows(self, now: datetime) -> QuerySet[ApiKey]:
        """The keys that the filter means; all when it cannot be read."""
        return api_keys.listing(self.cleaned_data["condition"] if self.is_valid() else "", at=now)


class KeyForm(forms.Form):
    """A new key."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=100,
        help_text=gettext_lazy("Which machine or program it is for."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    days = forms.TypedChoiceField(
        label=gettext_lazy("Works for"),
        choices=LIFETIMES,
        coerce=int,
        initial=90,
        help_text=gettext_lazy("Before it ends, rotate it: its successor works beside it for a while."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for scope, (label, words) in SCOPES.items():
            self.fields[scope.value] = forms.BooleanField(label=label, help_text=words, required=False, initial=True)

    def clean(self) -> dict[str, Any]:
        """Refuse a key that could do nothing."""
        super().clean()
        if not self.scopes():
            raise forms.ValidationError(_("Choose at least one thing the key may do."))
        return self.cleaned_data

    def scopes(self) -> list[str]:
        """The scopes that were ticked."""
        return [scope.value for scope in SCOPES if self.cleaned_data.get(scope.value)]

    def scope_fields(self) -> list[forms.BoundField]:
        """The tick boxes."""
        return [self[scope.value] for scope in SCOPES]


class RotateForm(forms.Form):
    """A successor for a key."""

    overlap = forms.TypedChoiceField(
        label=gettext_lazy("The old key works for another"), choices=OVERLAPS, coerce=int, initial=24
    )


@dataclass(frozen=True, slots=True)
class Row:
    """A key in the list."""

    key: ApiKey
    may: list[str]
    maker: str
    maker_left: bool
    state: str
    works: bool
    history: str


@operator_view(Permission.MANAGE_KEYS)
def key_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List the keys that work and those that have ended, and say which of them end soon."""
    if tidy := lists.untidy(request):
        return tidy
    now = timezone.now()
    filters = KeyFilter(request.GET)
    rows = filters.rows(now)
    shown = tables.shown(KEYS, request).within(rows)
    page = shown.page(rows, request)
    working = api_keys.listing(api_keys.WORKING, at=now)
    context = {
        "nav": "settings",
        "filters": filters,
        "shown": shown,
        "page": page,
        "rows": _rows(operator, page.rows, now),
        "total": rows.count(),
        "none_works": not working.exists(),
        "ending": working.filter(expires_at__lte=now + SOON, replaced_by=None).order_by("expires_at"),
        "now": now,
    }
    return render(request, "staff/keys/list.html", context)


@operator_view(Permission.MANAGE_KEYS, takes_out=True)
def key_export(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send exactly the listed keys as a file: what they are called and may do, never what they open with."""
    now = timezone.now()
    filters = KeyFilter(request.GET)

    def local(moment: datetime | None) -> datetime | None:
        return moment and moment.astimezone(operator.zone).replace(tzinfo=None, microsecond=0)

    return list_files.answer(
        request,
        tables.shown(KEYS, request),
        filters.rows(now),
        filters=filters,
        columns=[
            FileColumn(_("Name"), lambda row: row.key.name),
            FileColumn(_("Number"), lambda row: row.key.key_id),
            FileColumn(_("Rights"), lambda row: ", ".join(row.may)),
            FileColumn(_("State"), lambda row: str(STATES[row.state])),
            FileColumn(_("Made"), lambda row: local(row.key.created_at)),
            FileColumn(_("Made by"), lambda row: row.maker),
            FileColumn(_("Last used"), lambda row: local(row.key.last_used_at)),
            FileColumn(_("Works until"), lambda row: local(row.key.expires_at)),
            FileColumn(_("Time zone"), lambda row: operator.time_zone),
        ],
        back=reverse("staff:key_list", args=[operator.slug]),
        read=lambda keys: _rows(operator, list(keys), now),
    )


@operator_view(Permission.MANAGE_KEYS, step_up=True)
def key_new(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Make a key and show it this one time."""
    form = KeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        until = now + timedelta(days=form.cleaned_data["days"])
        asked = {"name": form.cleaned_data["name"], "scopes": form.scopes(), "expires_at": until}
        if issued := attempted(form, services.make, **asked, by=request.user, at=now):
            return _shown(request, operator, issued)
    context = {"nav": "settings", "form": form, "crumbs": crumbs(operator)}
    return render(request, "staff/keys/form.html", context, status=400 if form.errors else 200)


@operator_view(Permission.MANAGE_KEYS, step_up=True)
def key_rotate(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Make a key's successor and show it this one time."""
    key = get_object_or_404(ApiKey, public_id=public_id)
    form = RotateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        overlap = timedelta(hours=form.cleaned_data["overlap"])
        if issued := attempted(form, services.rotate, key, overlap=overlap, by=request.user, at=timezone.now()):
            return _shown(request, operator, issued, old=ApiKey.objects.get(pk=key.pk))
    context = {"nav": "settings", "form": form, "key": key, "crumbs": crumbs(operator)}
    return render(request, "staff/keys/rotate.html", context, status=400 if form.errors else 200)


@require_POST
@operator_view(Permission.MANAGE_KEYS, step_up=True)
def key_revoke(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """End a key at once."""
    key = get_object_or_404(ApiKey, public_id=public_id)
    told(request, _("The key no longer works."), services.revoke, key, by=request.user, at=timezone.now())
    return redirect("staff:key_list", operator.slug)


def crumbs(operator: Operator) -> list[tuple[str, str]]:
    """The way to a page about one key."""
    return [(_("API keys"), reverse("staff:key_list", args=[operator.slug]))]


def _shown(request: SignedInRequest, operator: Operator, issued: Issued, old: ApiKey | None = None) -> HttpResponse:
    context = {"nav": "settings", "issued": issued, "old": old, "crumbs": crumbs(operator)}
    return render(request, "staff/keys/shown.html", context)


def _rows(operator: Operator, keys: Sequence[ApiKey], now: datetime) -> list[Row]:
    makers = people.named(key.created_by_id for key in keys if key.created_by_id)
    owners = api_keys.owners(operator)
    return [
        Row(
            key=key,
            may=[_words(scope) for scope in key.scopes if scope in roles.API_SCOPES],
            maker=str(makers.get(key.created_by_id or 0, "")),
            maker_left=key.created_by_id not in owners,
            state=_state(key, now),
            works=key.works_at(now),
            history=history_url(key, operator),
        )
        for key in keys
    ]


def _words(scope: str) -> str:
    return str(SCOPES[Permission(scope)][0])


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at <= now:
        return "rotated" if key.replaced_by_id else "ended"
    if key.replaced_by_id is not None:
        return "replaced"
    return "soon" if key.expires_at <= now + SOON else "works"
