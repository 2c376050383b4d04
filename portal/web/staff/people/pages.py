"""The people who work at the operator: members, their roles, and looking at the portal as a role would."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from charging.models import Site
from charging.selectors import site_memberships as staff_sites
from charging.services import site_memberships
from portal.files.tables import FileColumn
from portal.gate import viewing
from portal.gate.access import SignedInRequest, operator_view
from portal.web import list_files, lists, tables
from portal.web.staff.people.place_form import PlaceForm
from portal.web.tables import Column, Table
from portal.words import permissions as permission_words
from portal.words.say import why
from tenants import roles
from tenants.errors import Refused
from tenants.models import Membership, Operator
from tenants.permissions import Permission
from tenants.selectors import invitations, people
from tenants.services.people import memberships
from tenants.services.proof import api_keys

WHAT_ROLES_DO = {
    Membership.Role.OWNER: gettext_lazy("Everything, including members and settings."),
    Membership.Role.OPERATIONS: gettext_lazy("Sites, stations, imports, sessions under review, drivers and cards."),
    Membership.Role.FINANCE: gettext_lazy("Tariffs, runs, invoices, downloads; sees the rest."),
    Membership.Role.SUPPORT: gettext_lazy("Drivers and cards; sees sessions, invoices and consents."),
    Membership.Role.AUDITOR: gettext_lazy("Sees everything, also the audit log; changes nothing."),
    Membership.Role.PRIVACY: gettext_lazy(
        "What personal data is processed for, and requests about it; sees drivers, consents and the audit log."
    ),
}


MEMBERS = Table(
    "members",
    (
        Column("name", gettext_lazy("Name"), opened=lambda row: row.user.name, beside="user", is_fixed=True),
        Column("email", gettext_lazy("E-mail"), opened=lambda row: row.user.email, beside="user"),
        Column("role", gettext_lazy("Role"), by="role"),
        Column("since", gettext_lazy("Since"), by="created_at", css="rest"),
    ),
    order="name",
)


class MemberFilter(forms.Form):
    """What the list of members is narrowed to."""

    q = forms.CharField(label=gettext_lazy("Name or e-mail"), required=False, max_length=100, widget=forms.SearchInput)
    role = forms.ChoiceField(
        label=gettext_lazy("Role"),
        required=False,
        choices=[("", gettext_lazy("All")), *((role.value, role.label) for role in WHAT_ROLES_DO)],
    )


@operator_view(Permission.VIEW_PEOPLE)
def member_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List the members with their roles, and the invitations that stand."""
    if tidy := lists.untidy(request):
        return tidy
    filters = MemberFilter(request.GET)
    rows = _listed(filters, operator)
    shown = tables.shown(MEMBERS, request).within(rows)
    page = shown.page(rows, request)
    places = page.rows
    waiting = list(invitations.standing(operator))
    sites = staff_sites.sites_of(place.user for place in places if place.limited_to_sites)
    inviters = people.named(each.invited_by_id for each in waiting if each.invited_by_id)
    context = {
        "nav": "people",
        "filters": filters,
        "shown": shown,
        "page": page,
        "places": [{"place": place, "sites": _sites_in_words(sites.get(place.user_id, []))} for place in places],
        "invitations": [{"invitation": each, "by": inviters.get(each.invited_by_id or 0)} for each in waiting],
        "roles": [(role, words, role in viewing.ROLES) for role, words in WHAT_ROLES_DO.items()],
        "now": timezone.now(),
    }
    return render(request, "staff/people/list.html", context)


@operator_view(Permission.VIEW_PEOPLE, step_up=True, takes_out=True)
def member_export(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send exactly the listed members as a file."""
    filters = MemberFilter(request.GET)
    return list_files.answer(
        request,
        tables.shown(MEMBERS, request),
        _listed(filters, operator),
        filters=filters,
        columns=[
            FileColumn(_("Name"), lambda row: str(row.user)),
            FileColumn(_("E-mail"), lambda row: row.user.email),
            FileColumn(_("Role"), lambda row: str(row.get_role_display())),
            FileColumn(_("Only at some sites"), lambda row: row.limited_to_sites),
            FileColumn(_("Since"), lambda row: row.created_at.astimezone(operator.zone).date()),
        ],
        back=reverse("staff:people", args=[operator.slug]),
    )


def _listed(filters: MemberFilter, operator: Operator) -> QuerySet[Membership]:
    asked = filters.cleaned_data if filters.is_valid() else {}
    return people.staff(operator, search=asked.get("q", ""), role=asked.get("role", ""))


@operator_view(Permission.MANAGE_PEOPLE, step_up=True)
def member_edit(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Change a member's role in two steps: choose, then read what it gives and takes, and confirm."""
    place = _place(operator, public_id)
    held = staff_sites.sites_of([place.user]).get(place.user_id, []) if place.limited_to_sites else []
    form = _form(request, place, held)
    if form.is_bound and form.is_valid():
        if request.method == "GET":
            return _preview(request, operator, place, held, form)
        try:
            site_memberships.change(place, role=form.cleaned_data["role"], site_public_ids=form.site_public_ids)
        except Refused as refusal:
            form.add_error("role", why(refusal))
        else:
            messages.success(request, _("%(person)s has a new role.") % {"person": place.user})
            return redirect("staff:people", operator.slug)
    context = {"nav": "people", "form": form, "place": place, "crumbs": crumbs(operator)}
    context["may_be_limited"] = place.role in roles.LIMITABLE
    return render(request, "staff/people/edit.html", context, status=400 if form.errors else 200)


@operator_view(Permission.MANAGE_PEOPLE, step_up=True)
@require_POST
def member_remove(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Take a member's place away. Who wants to go themselves leaves, on a page of their own."""
    place = _place(operator, public_id)
    if place.user == request.user:
        return redirect("account:leave", operator.slug)
    try:
        site_memberships.remove(place)
    except Refused as refusal:
        messages.error(request, why(refusal))
    else:
        messages.success(request, _("%(person)s is no longer a member.") % {"person": place.user})
    return redirect("staff:people", operator.slug)


@operator_view(Permission.MANAGE_PEOPLE)
@require_POST
def view_as(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Begin to see the portal as a role would; the banner of every page ends it."""
    role = request.POST.get("role", "")
    if role not in {each.value for each in viewing.ROLES}:
        messages.error(request, _("Choose a role to view the portal as."))
        return redirect("staff:people", operator.slug)
    viewing.begin(request, request.access, role=role)
    return redirect("staff:overview", operator.slug)


def crumbs(operator: Operator) -> list[tuple[str, str]]:
    """The way to a page about one member."""
    return [(_("People"), reverse("staff:people", args=[operator.slug]))]


def _place(operator: Operator, public_id: UUID) -> Membership:
    return get_object_or_404(people.staff(operator), public_id=public_id)


def _form(request: HttpRequest, place: Membership, held: list[Site]) -> PlaceForm:
    chosen = request.POST if request.method == "POST" else request.GET if "role" in request.GET else None
    initial = {"role": place.role, "limited": place.limited_to_sites, "sites": [site.public_id for site in held]}
    form = PlaceForm(chosen, initial=initial)
    if chosen is not None and form.is_valid() and _is_same(place, held, form):
        form.add_error("role", _("This is what they have now."))
    return form


def _is_same(place: Membership, held: list[Site], form: PlaceForm) -> bool:
    before = {site.public_id for site in held} if place.limited_to_sites else None
    chosen = form.site_public_ids
    return (place.role, before) == (form.cleaned_data["role"], None if chosen is None else set(chosen))


def _preview(
    request: HttpRequest, operator: Operator, place: Membership, held: list[Site], form: PlaceForm
) -> HttpResponse:
    role, limited = form.cleaned_data["role"], form.cleaned_data["limited"]
    kept = memberships.allowed_to(place.user, operator=operator, but=place)
    before = kept | memberships.allowed_by(place)
    after = kept | memberships.allowed_by(Membership(role=role, limited_to_sites=limited))
    everywhere = _("all sites")
    here = reverse("staff:member_edit", args=[operator.slug, place.public_id])
    context: dict[str, Any] = {
        "nav": "people",
        "place": place,
        "crumbs": [*crumbs(operator), (str(place.user), here)],
        "new_role": Membership.Role(role).label,
        "gains": permission_words.in_words(after - before),
        "losses": permission_words.in_words(before - after),
        "keeps": permission_words.in_words(before & after),
        "sites_before": _sites_in_words(held) if place.limited_to_sites else everywhere,
        "sites_after": _sites_in_words(form.cleaned_data["sites"]) if limited else everywhere,
        "keys": len(api_keys.exceeding(people.live_keys(place.user), after)),
        "invitations": sum(
            memberships.right_to_invite(each.role) not in after for each in invitations.made_by(place.user, operator)
        ),
        "chosen": _chosen(form),
    }
    return render(request, "staff/people/change.html", context)


def _chosen(form: PlaceForm) -> list[tuple[str, str]]:
    """The choice as the fields of the form that confirms it."""
    limit = [("limited", "on")] if form.cleaned_data["limited"] else []
    sites = [("sites", str(public_id)) for public_id in form.site_public_ids or []]
    return [("role", form.cleaned_data["role"]), *limit, *sites]


def _sites_in_words(sites: Any) -> str:
    return ", ".join(site.name for site in sites) or _("no site")
