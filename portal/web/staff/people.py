"""The people who work at the operator: members, their roles, and how a new one gets in."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from portal.web.access import SignedInRequest, operator_view
from tenants import audit, roles
from tenants.errors import Refused
from tenants.models import Membership, Operator, User
from tenants.permissions import Permission
from tenants.selectors import people
from tenants.services import first_passwords, letters, memberships
from tenants.services import people as services

STAFF_ROLES = [(role.value, role.label) for role in Membership.Role if role in roles.STAFF]
WHAT_ROLES_DO = {
    Membership.Role.OWNER: gettext_lazy("Everything, including members and settings."),
    Membership.Role.OPERATIONS: gettext_lazy("Sites, stations, imports, sessions under review, drivers and cards."),
    Membership.Role.FINANCE: gettext_lazy("Tariffs, runs, invoices, downloads; sees the rest."),
    Membership.Role.SUPPORT: gettext_lazy("Drivers and cards; sees sessions, invoices and consents."),
    Membership.Role.AUDITOR: gettext_lazy("Sees everything, also the audit log; changes nothing."),
}


class MemberForm(forms.Form):
    """A new member."""

    email = forms.EmailField(label=gettext_lazy("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=150, required=False, help_text=gettext_lazy("They can change it.")
    )
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=STAFF_ROLES)


class RoleForm(forms.Form):
    """Another role for a member."""

    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=STAFF_ROLES)


@operator_view(Permission.VIEW_PEOPLE)
def member_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List the members with their roles."""
    places = [
        {"place": place, "may_get_link": services.may_get_link(place.user, operator=operator)}
        for place in people.staff(operator)
    ]
    what_roles_do = [(role.label, words) for role, words in WHAT_ROLES_DO.items()]
    context = {"nav": "people", "places": places, "what_roles_do": what_roles_do}
    return render(request, "staff/people/list.html", context)


@operator_view(Permission.MANAGE_PEOPLE)
def member_new(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Add a member by e-mail; somebody new also gets a link to choose a password."""
    form = MemberForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            added = services.add(operator, **form.cleaned_data)
        except Refused as refusal:
            form.add_error("email", str(refusal))
        else:
            if added.needs_password:
                return _show_link(request, operator, added.user)
            messages.success(request, _("%(person)s is a member now.") % {"person": added.user})
            return redirect("staff:people", operator.slug)
    return render(request, "staff/people/form.html", {"nav": "people", "form": form, "crumbs": crumbs(operator)})


@operator_view(Permission.MANAGE_PEOPLE)
def member_edit(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Change a member's role, showing what each role may do."""
    place = _place(operator, public_id)
    form = RoleForm(request.POST or None, initial={"role": place.role})
    if request.method == "POST" and form.is_valid():
        try:
            memberships.change_role(place, role=form.cleaned_data["role"])
        except Refused as refusal:
            form.add_error("role", str(refusal))
        else:
            messages.success(request, _("%(person)s has a new role.") % {"person": place.user})
            return redirect("staff:people", operator.slug)
    context = {"nav": "people", "form": form, "place": place, "crumbs": crumbs(operator)}
    return render(request, "staff/people/edit.html", context)


@require_POST
@operator_view(Permission.MANAGE_PEOPLE)
def member_remove(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Take a member's place away."""
    place = _place(operator, public_id)
    try:
        memberships.remove(place)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("%(person)s is no longer a member.") % {"person": place.user})
    return redirect("staff:people" if place.user != request.user else "account:operators", *_slug(place, request))


@require_POST
@operator_view(Permission.MANAGE_PEOPLE)
def member_link(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Make a new link for a member who has not chosen a password yet."""
    place = _place(operator, public_id)
    if not services.may_get_link(place.user, operator=operator):
        messages.error(request, _("This person has a password, or belongs to another operator as well."))
        return redirect("staff:people", operator.slug)
    return _show_link(request, operator, place.user)


def crumbs(operator: Operator) -> list[tuple[str, str]]:
    """The way to a page about one member."""
    return [(_("People"), reverse("staff:people", args=[operator.slug]))]


def _slug(place: Membership, request: SignedInRequest) -> list[str]:
    return [place.operator.slug] if place.user != request.user else []


def _place(operator: Operator, public_id: UUID) -> Membership:
    return get_object_or_404(people.staff(operator), public_id=public_id)


def _show_link(request: HttpRequest, operator: Operator, user: User) -> HttpResponse:
    link = request.build_absolute_uri(reverse("account:set_password", args=first_passwords.link_parts(user)))
    with translation.override(user.language or operator.language):
        subject = _("Your access to %(operator)s")
        text = _("You have been added to %(operator)s. Choose your password here, within three days:\n\n%(link)s\n")
        facts = {"operator": operator, "link": link}
        mailed = letters.send(user, subject=subject % facts, text=text % facts)
    audit.record("password.link_made", about=user, mailed=mailed)
    context = {"nav": "people", "person": user, "link": link, "mailed": mailed, "crumbs": crumbs(operator)}
    return render(request, "staff/people/link.html", context)
